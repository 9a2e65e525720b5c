"""ZIP archives locked with AES-256, as WinZip (AE-2), 7-Zip and the file managers of telephones open them.

https://www.winzip.com/en/support/aes-encryption/ describes the format; names and sizes stay readable."""

import hmac
import secrets
import struct
import zlib
from hashlib import pbkdf2_hmac, sha1
from typing import Final, NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

ITERATIONS: Final = 1000  # of PBKDF2, fixed by the format: the passphrase must be long
SALT: Final = 16  # bytes
KEY: Final = 32
VERIFIER: Final = 2
SEAL: Final = 10
BLOCK: Final = 16
NEEDED: Final = 51  # version of a reader
FLAGS: Final = 0x0801  # encrypted, names in UTF-8
AES_METHOD: Final = 99
STORED, DEFLATED = 0, 8
MIDNIGHT: Final = 0x0021  # 1 January 1980: the archive tells no time


class _Entry(NamedTuple):
    name: bytes
    method: int
    plain_size: int
    body: bytes
    offset: int


class LockedZip:
    """Collects files and writes the archive; the whole of it is held in memory."""

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase.encode()
        self._entries: list[_Entry] = []
        self._written = 0

    def add(self, name: str, data: bytes, *, compress: bool = False) -> None:
        """Encrypt one file under a key of its own."""
        packed = _deflate(data) if compress else data
        entry = _Entry(name.encode(), DEFLATED if compress else STORED, len(data), self._encrypt(packed), self._written)
        self._entries.append(entry)
        self._written += len(_local_header(entry)) + len(entry.body)

    def content(self) -> bytes:
        """The archive."""
        files = b"".join(_local_header(entry) + entry.body for entry in self._entries)
        directory = b"".join(_central_header(entry) for entry in self._entries)
        count = len(self._entries)
        end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(files), 0)
        return files + directory + end

    def _encrypt(self, data: bytes) -> bytes:
        salt = secrets.token_bytes(SALT)
        derived = pbkdf2_hmac("sha1", self._passphrase, salt, ITERATIONS, 2 * KEY + VERIFIER)
        ciphertext = _in_counter_mode(derived[:KEY], data)
        seal = hmac.new(derived[KEY : 2 * KEY], ciphertext, sha1).digest()[:SEAL]
        return salt + derived[2 * KEY :] + ciphertext + seal


def _in_counter_mode(key: bytes, data: bytes) -> bytes:
    """AES in counter mode with a little-endian counter that begins at 1, which no library has."""
    blocks = -(-len(data) // BLOCK)
    counters = np.zeros((blocks, 2), "<u8")
    counters[:, 0] = np.arange(1, blocks + 1)
    stream = Cipher(AES256(key), ECB()).encryptor().update(counters.tobytes())  # noqa: S305 - each block is a counter
    return (np.frombuffer(data, np.uint8) ^ np.frombuffer(stream, np.uint8)[: len(data)]).tobytes()


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _common(entry: _Entry) -> bytes:
    """The fields that both headers share; AE-2 has no checksum beside its seal."""
    sizes = (0, len(entry.body), entry.plain_size)
    return struct.pack("<HHHHHIIIH", NEEDED, FLAGS, AES_METHOD, 0, MIDNIGHT, *sizes, len(entry.name))


def _extra(entry: _Entry) -> bytes:
    return struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, entry.method)


def _local_header(entry: _Entry) -> bytes:
    extra = _extra(entry)
    return b"PK\x03\x04" + _common(entry) + struct.pack("<H", len(extra)) + entry.name + extra


def _central_header(entry: _Entry) -> bytes:
    extra = _extra(entry)
    rest = struct.pack("<HHHHII", len(extra), 0, 0, 0, 0, entry.offset)
    return b"PK\x01\x02" + struct.pack("<H", NEEDED) + _common(entry) + rest + entry.name + extra
