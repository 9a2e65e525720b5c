"""Data behind the end of a picture: dropped as viewers do, unless a second file begins there."""

from typing import Final

from inference.errors import Reason, Refused

PADDING: Final = b"\x00\xff\r\n\t "
OTHER_FILES: Final = (  # what no phone or editor writes behind a picture
    *(b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),  # archives
    *(b"\x7fELF", b"MZ", b"#!", b"\xca\xfe\xba\xbe", b"%PDF", b"%!PS", b"<"),  # programs, documents, markup
)


def check_trailing(rest: bytes) -> None:
    """Raises Refused(TRAILING_DATA) where an archive, a program, a document or markup begins behind the padding.

    The rest (Samsung's trailers, motion photos, further JPEGs of a multi-picture file) is never decoded or shown.
    """
    if rest.lstrip(PADDING).startswith(OTHER_FILES):
        raise Refused(Reason.TRAILING_DATA)
