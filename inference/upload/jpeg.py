"""Check the segment structure of a JPEG without decoding pixels (ITU-T T.81)."""

import re
import struct
from typing import Final, NamedTuple

from inference.errors import Reason, Refused

START: Final = b"\xff\xd8"
END: Final = 0xD9
SCAN: Final = 0xDA
MAX_SCANS: Final = 20
MAX_SEGMENTS: Final = 2000
STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # without DHT, JPG and DAC
READABLE_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; all Huffman
MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # entropy data escapes FF as FF00; RST0-7 stay inside it


class JpegHeader(NamedTuple):
    """Size and components by the frame header, and the end of the first picture in the data."""

    width: int
    height: int
    components: int
    end: int


class Segment(NamedTuple):
    """One marker and its payload."""

    marker: int
    body: bytes
    end: int


def read_segment(data: bytes, at: int) -> Segment:
    """The segment at `at`, skipping fill bytes (FF FF …). Raises Refused."""
    if at >= len(data):
        raise Refused(Reason.TRUNCATED)
    if data[at] != 0xFF:
        raise Refused(Reason.CORRUPT)
    while at + 1 < len(data) and data[at + 1] == 0xFF:
        at += 1
    if at + 1 >= len(data):
        raise Refused(Reason.TRUNCATED)
    marker = data[at + 1]
    if marker == END or marker in STANDALONE:
        return Segment(marker, b"", at + 2)
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2:
        raise Refused(Reason.TRUNCATED if len(data) < at + 4 else Reason.CORRUPT)
    if at + 2 + length > len(data):
        raise Refused(Reason.TRUNCATED)
    return Segment(marker, data[at + 4 : at + 2 + length], at + 2 + length)


def skip_scan(data: bytes, at: int) -> int:
    """The end of the entropy-coded data after a scan header. Raises Refused(TRUNCATED)."""
    found = MARKER.search(data, at)
    if found is None:
        raise Refused(Reason.TRUNCATED)
    return found.start()


def read_frame(segment: Segment) -> tuple[int, int, int]:
    """Width, height and components of a supported frame header. Raises Refused."""
    if segment.marker not in READABLE_FRAMES or len(segment.body) < 6:
        raise Refused(Reason.CORRUPT)
    precision, height, width, components = struct.unpack(">BHHB", segment.body[:6])
    if components not in (1, 3):
        raise Refused(Reason.COLOUR_SPACE)
    if precision != 8:
        raise Refused(Reason.CORRUPT)
    return width, height, components


def check_structure(data: bytes) -> JpegHeader:
    """Check the first picture in `data`, segment by segment. Raises Refused.

    A phone's multi-picture file (MPF) contains further JPEGs, which are dropped; any other trailing data, such as an
    archive or a script, is refused.
    """
    at, scans, header, multi = len(START), 0, None, False
    for _ in range(MAX_SEGMENTS):
        segment = read_segment(data, at)
        at = segment.end
        if segment.marker == END:
            break
        if segment.marker in FRAMES:
            if header is not None:
                raise Refused(Reason.CORRUPT)
            header = read_frame(segment)
        elif segment.marker == SCAN:
            scans += 1
            at = skip_scan(data, at)
        multi = multi or (segment.marker == 0xE2 and segment.body.startswith(b"MPF\x00"))
        if scans > MAX_SCANS:
            raise Refused(Reason.SUSPICIOUS)
    else:
        raise Refused(Reason.SUSPICIOUS)
    if header is None or scans == 0:
        raise Refused(Reason.CORRUPT)
    check_trailing(data[at:], multi)
    return JpegHeader(*header, end=at)


def check_trailing(rest: bytes, multi: bool) -> None:
    """Raises Refused(TRAILING_DATA) unless `rest` is padding or the further JPEGs of a multi-picture file."""
    if rest.strip(b"\x00") and not (multi and rest.startswith(START)):
        raise Refused(Reason.TRAILING_DATA)
