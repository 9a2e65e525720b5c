"""Walk a PNG's chunks without decoding a pixel."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from inference.errors import Reason, Refused

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS: Final = 4096  # some writers cut IDAT into 8 KB pieces: 20 MB make 2,500
MOST_TEXT: Final = 1 << 20  # bytes that a compressed text or colour profile may unfold to
COLOUR_TYPES: Final = frozenset({0, 2, 3, 4, 6})


class Chunk(NamedTuple):
    """A chunk whose checksum was right."""

    kind: bytes
    body: bytes
    end: int


class Header(NamedTuple):
    """The facts of IHDR."""

    width: int
    height: int
    depth: int
    colour: int


def read_chunk(data: bytes, at: int) -> Chunk:
    """The chunk at `at`, or why it cannot be one."""
    if at + 12 > len(data):
        raise Refused(Reason.TRUNCATED)
    length, kind = struct.unpack(">I4s", data[at : at + 8])
    end = at + 12 + length
    if end > len(data):
        raise Refused(Reason.TRUNCATED)
    body = data[at + 8 : end - 4]
    if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(data[end - 4 : end], "big"):
        raise Refused(Reason.CORRUPT)
    return Chunk(kind, body, end)


def read_chunks(data: bytes) -> Iterator[Chunk]:
    """Every chunk up to IEND, which has to be the end of the data too."""
    at = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        chunk = read_chunk(data, at)
        at = chunk.end
        yield chunk
        if chunk.kind == b"IEND":
            if data[at:]:
                raise Refused(Reason.TRAILING_DATA)
            return
    raise Refused(Reason.SUSPICIOUS)


def read_header(chunk: Chunk) -> Header:
    """IHDR has to come first and to be sane; its size limits are the caller's."""
    if chunk.kind != b"IHDR" or len(chunk.body) != 13:
        raise Refused(Reason.CORRUPT)
    header = Header(*struct.unpack(">IIBB", chunk.body[:10]))
    if header.colour not in COLOUR_TYPES or header.depth not in (1, 2, 4, 8, 16):
        raise Refused(Reason.CORRUPT)
    return header


def check_unfolding(body: bytes) -> None:
    """Refuse a compressed text or profile that unfolds to more than it may: it is made to hurt."""
    start = body.find(b"\x00") + 2
    try:
        unfolded = zlib.decompressobj().decompress(body[start:], MOST_TEXT + 1)
    except zlib.error:
        return  # never unfolded by us: the chunk is dropped with all other metadata
    if len(unfolded) > MOST_TEXT:
        raise Refused(Reason.SUSPICIOUS)


def walk(data: bytes) -> Header:
    """Check the structure, chunk by chunk, checksums included."""
    chunks = read_chunks(data)
    header, painted = read_header(next(chunks)), False
    for chunk in chunks:
        match chunk.kind:
            case b"acTL" | b"fcTL" | b"fdAT":
                raise Refused(Reason.ANIMATED)
            case b"zTXt" | b"iCCP":
                check_unfolding(chunk.body)
            case b"IDAT":
                painted = True
    if not painted:
        raise Refused(Reason.CORRUPT)
    return header
