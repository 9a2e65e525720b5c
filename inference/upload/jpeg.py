"""Check the segment structure of a JPEG without decoding pixels (ITU-T T.81)."""

import re
import struct
from typing import Final, NamedTuple

from inference.errors import Reason, Refused
from inference.upload.trailing import check_trailing

START: Final = b"\xff\xd8"
END: Final = 0xD9
SCAN: Final = 0xDA
MAX_SCANS: Final = 20
MAX_SEGMENTS: Final = 2000
MAX_STRAY: Final = 64  # bytes between two segments
STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # without DHT, JPG and DAC
READABLE_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; all Huffman
MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # entropy data escapes FF as FF00; RST0-7 stay inside it


PAINTING: Final = FRAMES | {0xC4, 0xDB, 0xDD, SCAN, END}  # frames, Huffman and quantisation tables, restart interval
EXIF: Final = b"Exif\x00\x00"


class JpegHeader(NamedTuple):
    """Size, components and colour model by the headers, and the end of the first picture in the data."""

    width: int
    height: int
    components: int
    is_rgb: bool
    end: int


class Segment(NamedTuple):
    """One marker and its payload."""

    marker: int
    body: bytes
    end: int


class ColourMarks(NamedTuple):
    """Whether the JPEG is RGB or YCbCr, decided in the order of libjpeg."""

    has_jfif: bool = False
    adobe_transform: int | None = None
    ids: bytes = b""  # of the components

    def read(self, segment: Segment) -> "ColourMarks":
        """The marks with what this segment adds."""
        if segment.marker == 0xE0 and segment.body.startswith(b"JFIF\x00"):
            return self._replace(has_jfif=True)
        if segment.marker == 0xEE and segment.body.startswith(b"Adobe") and len(segment.body) >= 12:
            return self._replace(adobe_transform=segment.body[11])
        return self._replace(ids=segment.body[6::3]) if segment.marker in FRAMES else self

    @property
    def is_rgb(self) -> bool:
        if self.has_jfif:
            return False
        return self.ids == b"RGB" if self.adobe_transform is None else self.adobe_transform == 0


def read_segment(data: bytes, at: int) -> Segment:
    """The segment that begins at or a few stray bytes behind `at`. Raises Refused."""
    at = find_marker(data, at)
    marker = data[at + 1]
    if marker == END or marker in STANDALONE:
        return Segment(marker, b"", at + 2)
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2:
        raise Refused(Reason.TRUNCATED if len(data) < at + 4 else Reason.CORRUPT)
    if at + 2 + length > len(data):
        raise Refused(Reason.TRUNCATED)
    return Segment(marker, data[at + 4 : at + 2 + length], at + 2 + length)


def find_marker(data: bytes, at: int) -> int:
    """The next marker's FF, skipping fill bytes (FF FF …) and MAX_STRAY others, as decoders do. Raises Refused."""
    if at >= len(data):
        raise Refused(Reason.TRUNCATED)
    at = data.find(b"\xff", at, at + MAX_STRAY)
    if at < 0:
        raise Refused(Reason.CORRUPT)
    while at + 1 < len(data) and data[at + 1] == 0xFF:
        at += 1
    if at + 1 >= len(data):
        raise Refused(Reason.TRUNCATED)
    return at


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
    """Check the first picture in `data`, segment by segment. Raises Refused."""
    at, scans, frame, colour = len(START), 0, None, ColourMarks()
    for _ in range(MAX_SEGMENTS):
        segment = read_segment(data, at)
        at = segment.end
        if segment.marker == END:
            break
        if segment.marker in FRAMES:
            if frame is not None:
                raise Refused(Reason.CORRUPT)
            frame = read_frame(segment)
        elif segment.marker == SCAN:
            scans += 1
            at = skip_scan(data, at)
        colour = colour.read(segment)
        if scans > MAX_SCANS:
            raise Refused(Reason.SUSPICIOUS)
    else:
        raise Refused(Reason.SUSPICIOUS)
    if frame is None or scans == 0:
        raise Refused(Reason.CORRUPT)
    check_trailing(data[at:])
    return JpegHeader(*frame, is_rgb=colour.is_rgb, end=at)


def strip(data: bytes, orientation: int) -> bytes:
    """The first picture alone, with nothing that paints no pixel but this EXIF orientation. Raises Refused."""
    parts, at = [START], len(START)
    while True:
        segment = read_segment(data, at)
        at = segment.end
        if segment.marker in PAINTING:
            parts.append(_written(segment.marker, segment.body))
        elif segment.marker == 0xE0 and segment.body.startswith(b"JFIF\x00"):
            parts.append(_written(0xE0, segment.body[:12].ljust(12, b"\x00") + b"\x00\x00"))  # without its thumbnail
        elif segment.marker == 0xEE and segment.body.startswith(b"Adobe"):
            parts.append(_written(0xEE, segment.body[:12]))
        if segment.marker == END:
            break
        if segment.marker == SCAN:
            at = skip_scan(data, at)
            parts.append(data[segment.end : at])
    if orientation != 1:
        after_jfif = 2 if parts[1].startswith(b"\xff\xe0") else 1
        parts.insert(after_jfif, _written(0xE1, EXIF + orientation_tag(orientation)))
    return b"".join(parts)


def orientation_tag(orientation: int) -> bytes:
    """A TIFF directory with the orientation alone."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def _written(marker: int, body: bytes) -> bytes:
    length = b"" if marker == END else (len(body) + 2).to_bytes(2, "big")
    return bytes((0xFF, marker)) + length + body
