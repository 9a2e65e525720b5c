"""Check the chunk structure of a PNG without decoding pixels (W3C PNG)."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from inference.errors import Reason, Refused
from inference.upload.trailing import check_trailing

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS: Final = 4096  # some encoders split IDAT into 8 KB: 20 MB make 2,500
MAX_DECOMPRESSED: Final = 1 << 20  # bytes of a compressed text or colour profile
COLOUR_TYPES: Final = frozenset({0, 2, 3, 4, 6})
PAINTING: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


class Chunk(NamedTuple):
    """A chunk with a valid checksum."""

    kind: bytes
    body: bytes
    end: int


class PngHeader(NamedTuple):
    """The fields of IHDR."""

    width: int
    height: int
    depth: int
    colour: int


def read_chunk(data: bytes, at: int) -> Chunk:
    """The chunk at `at`. Raises Refused."""
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
    """Every chunk up to IEND. Raises Refused."""
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        chunk = read_chunk(data, at)
        at = chunk.end
        yield chunk
        if chunk.kind == b"IEND":
            check_trailing(data[at:])
            return
    raise Refused(Reason.SUSPICIOUS)


def read_header(chunk: Chunk) -> PngHeader:
    """Parse IHDR, the required first chunk; the caller checks the size. Raises Refused(CORRUPT)."""
    if chunk.kind != b"IHDR" or len(chunk.body) != 13:
        raise Refused(Reason.CORRUPT)
    header = PngHeader(*struct.unpack(">IIBB", chunk.body[:10]))
    if header.colour not in COLOUR_TYPES or header.depth not in (1, 2, 4, 8, 16):
        raise Refused(Reason.CORRUPT)
    return header


def check_decompressed_size(body: bytes) -> None:
    """Raises Refused(SUSPICIOUS) for a text or profile that decompresses beyond MAX_DECOMPRESSED."""
    start = body.find(b"\x00") + 2
    try:
        unfolded = zlib.decompressobj().decompress(body[start:], MAX_DECOMPRESSED + 1)
    except zlib.error:
        return  # harmless: the chunk is dropped with all other metadata
    if len(unfolded) > MAX_DECOMPRESSED:
        raise Refused(Reason.SUSPICIOUS)


def check_structure(data: bytes) -> PngHeader:
    """Check the structure chunk by chunk, checksums included. Raises Refused."""
    chunks = read_chunks(data)
    header, painted = read_header(next(chunks)), False
    for chunk in chunks:
        match chunk.kind:
            case b"acTL" | b"fcTL" | b"fdAT":
                raise Refused(Reason.ANIMATED)
            case b"zTXt" | b"iCCP":
                check_decompressed_size(chunk.body)
            case b"IDAT":
                painted = True
    if not painted:
        raise Refused(Reason.CORRUPT)
    return header


def strip(data: bytes, exif: bytes | None) -> bytes:
    """The chunks that paint pixels, and this EXIF directory. Raises Refused."""
    parts = [SIGNATURE]
    for chunk in read_chunks(data):
        if chunk.kind == b"IDAT" and exif is not None:
            parts.append(_written(b"eXIf", exif))
            exif = None
        if chunk.kind in PAINTING:
            parts.append(_written(chunk.kind, chunk.body))
    return b"".join(parts)


def _written(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + zlib.crc32(body, zlib.crc32(kind)).to_bytes(4, "big")
