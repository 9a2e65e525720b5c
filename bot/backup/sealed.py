"""Encrypted streams: AES-256-GCM in chunks (the STREAM construction), so that no part can be moved or cut off.

A file is MAGIC, a salt of 16 bytes, and chunks of at most `CHUNK` bytes with their tags. Each file has a key of its own
(HKDF over the repository's key, salt and the file's name); a nonce is the chunk's number and whether it is the last."""

import hmac
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.backup.errors import Damaged

MAGIC: Final = b"CSSS backup 1\n"
SALT: Final = 16
TAG: Final = 16
CHUNK: Final = 1024 * 1024


def seal(source: IO[bytes], target: IO[bytes], key: bytes, name: str) -> str:
    """Encrypt `source` to its end. Returns the SHA-256 of the plaintext. `name` is authenticated, not stored."""
    salt, digest = os.urandom(SALT), sha256()
    cipher = _cipher(key, salt, name)
    target.write(MAGIC + salt)
    number, chunk = 0, _read(source)
    while True:
        following = _read(source)
        digest.update(chunk)
        target.write(cipher.encrypt(_nonce(number, last=not following), chunk, None))
        if not following:
            return digest.hexdigest()
        number, chunk = number + 1, following


def unseal(path: Path, key: bytes, name: str) -> Iterator[bytes]:
    """The plaintext in chunks. Raises Damaged for a missing, cut, changed or renamed file."""
    try:
        with path.open("rb") as source:
            yield from _decrypted(source, key, name)
    except (InvalidTag, FileNotFoundError):
        raise Damaged(name) from None


def digest_of(path: Path, key: bytes, name: str) -> str:
    """SHA-256 of the plaintext. Raises Damaged."""
    digest = sha256()
    for chunk in unseal(path, key, name):
        digest.update(chunk)
    return digest.hexdigest()


def require_digest(path: Path, key: bytes, name: str, digest: str) -> None:
    """Read the file back. Raises Damaged where its plaintext has another SHA-256."""
    if not hmac.compare_digest(digest_of(path, key, name), digest):
        raise Damaged(name)


def plain_size(path: Path) -> int:
    """Size of the plaintext in bytes."""
    sealed = path.stat().st_size - len(MAGIC) - SALT
    return sealed - TAG * max(1, -(-sealed // (CHUNK + TAG)))


def write_sealed(path: Path, source: IO[bytes], key: bytes, name: str) -> str:
    """`seal` into a new file, durably. Returns the SHA-256 of the plaintext. Raises OSError."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
        digest = seal(source, target, key, name)
        target.flush()
        os.fsync(target.fileno())
    return digest


def _decrypted(source: IO[bytes], key: bytes, name: str) -> Iterator[bytes]:
    if source.read(len(MAGIC)) != MAGIC:
        raise InvalidTag
    cipher = _cipher(key, source.read(SALT), name)
    number, chunk = 0, source.read(CHUNK + TAG)
    while True:
        following = source.read(CHUNK + TAG)
        yield cipher.decrypt(_nonce(number, last=not following), chunk, None)
        if not following:
            return
        number, chunk = number + 1, following


def _cipher(key: bytes, salt: bytes, name: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"csss backup|" + name.encode()).derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _read(source: IO[bytes]) -> bytes:
    """A whole chunk, fewer bytes only at the end: a pipe gives what it has."""
    parts, missing = [], CHUNK
    while missing and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
