"""The container of a DICOM file: preamble, file meta information, deflated data sets (DICOM PS3.10, PS3.5 A.5).

Parsed here because pydicom inflates a deflated data set without a limit: 261 KB can hide 268 MB.
"""

import struct
import zlib
from typing import Final, NamedTuple

from inference.errors import Reason, Refused

MAGIC_AT: Final = 128
MAGIC: Final = b"DICM"
META_GROUP: Final = 0x0002
FIRST_GROUP: Final = 0x0008  # of a data set
SYNTAX_ELEMENT: Final = 0x0010
LONG_VRS: Final = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT"})
FIRST_VRS: Final = frozenset({b"UL", b"CS", b"UI", b"SH", b"OB", b"DA", b"SQ"})  # of a file's first element
MAX_FIRST_ELEMENT: Final = 0x0020
MAX_FIRST_LENGTH: Final = 128  # bytes of the first element's value
IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
MAX_INFLATED: Final = 32 << 20  # bytes of a deflated data set: 16 megapixels of 16 bits


class DicomFile(NamedTuple):
    """A transfer syntax UID, and the bytes of a file with preamble in that syntax; never deflated."""

    syntax: str
    data: bytes


def is_dicom(data: bytes) -> bool:
    """Whether the DICM prefix follows a 128-byte preamble, or the data begin with a likely DICOM element."""
    return data[MAGIC_AT : MAGIC_AT + 4] == MAGIC or _is_first_element(data)


def unwrap(data: bytes) -> DicomFile:
    """Add a missing preamble or file meta information, and inflate within MAX_INFLATED. Raises Refused."""
    if data[MAGIC_AT : MAGIC_AT + 4] != MAGIC:
        has_meta = int.from_bytes(data[:2], "little") == META_GROUP
        data = bytes(MAGIC_AT) + MAGIC + data if has_meta else wrap(guess_syntax(data), data)
    syntax, end = read_meta(data)
    if syntax == DEFLATED:
        return DicomFile(EXPLICIT, wrap(EXPLICIT, inflate(data[end:])))
    return DicomFile(syntax, data)


def read_meta(data: bytes) -> tuple[str, int]:
    """The transfer syntax UID and the start of the data set. Raises Refused(CORRUPT)."""
    at, syntax = MAGIC_AT + 4, ""
    while at + 8 <= len(data):
        group, element, kind, short = struct.unpack("<HH2sH", data[at : at + 8])
        if group != META_GROUP:
            break
        head, length = (12, int.from_bytes(data[at + 8 : at + 12], "little")) if kind in LONG_VRS else (8, short)
        if element == SYNTAX_ELEMENT:
            syntax = data[at + head : at + head + length].rstrip(b"\x00 ").decode("ascii", "replace")
        at += head + length
    if not syntax:
        raise Refused(Reason.CORRUPT)
    return syntax, at


def wrap(syntax: str, dataset: bytes) -> bytes:
    """A data set behind a preamble and the file meta information that names its transfer syntax."""
    uid = syntax.encode() + b"\x00" * (len(syntax) % 2)
    named = struct.pack("<HH2sH", META_GROUP, SYNTAX_ELEMENT, b"UI", len(uid)) + uid
    length = struct.pack("<HH2sHL", META_GROUP, 0x0000, b"UL", 4, len(named))
    return bytes(MAGIC_AT) + MAGIC + length + named + dataset


def guess_syntax(dataset: bytes) -> str:
    """Little endian, explicit where the first element names its value representation."""
    return EXPLICIT if dataset[4:6] in FIRST_VRS else IMPLICIT


def inflate(deflated: bytes) -> bytes:
    """Raises Refused: DICOM_SYNTAX beyond MAX_INFLATED, CORRUPT for damaged data."""
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, MAX_INFLATED + 1)
    except zlib.error as error:
        raise Refused(Reason.CORRUPT) from error
    if len(inflated) > MAX_INFLATED:
        raise Refused(Reason.DICOM_SYNTAX)
    return inflated


def _is_first_element(data: bytes) -> bool:
    """Whether the first eight bytes are an element of group 0002 or 0008 with a plausible value representation."""
    if len(data) < MAGIC_AT:
        return False
    group, element, kind, short = struct.unpack("<HH2sH", data[:8])
    if group not in (META_GROUP, FIRST_GROUP) or element > MAX_FIRST_ELEMENT:
        return False
    is_implicit = group == FIRST_GROUP and int.from_bytes(data[4:8], "little") <= MAX_FIRST_LENGTH
    return is_implicit or (kind in FIRST_VRS and short <= MAX_FIRST_LENGTH)
