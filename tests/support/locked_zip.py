"""Opens locked ZIP archives as other programs do, by the format's description, without the code that writes them."""

import hmac
import io
import struct
import zlib
from hashlib import pbkdf2_hmac, sha1
from zipfile import ZipFile

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB


def unlock(archive: bytes, passphrase: str) -> ZipFile:
    """The same files in a plain archive. Raises ValueError for another passphrase or changed bytes."""
    plain = io.BytesIO()
    with ZipFile(io.BytesIO(archive)) as locked, ZipFile(plain, "w") as opened:
        for one in locked.infolist():
            assert (one.flag_bits & 1, one.compress_type, one.CRC) == (1, 99, 0)
            kind, size, version, vendor, strength, method = struct.unpack("<HHH2sBH", one.extra)
            assert (kind, size, version, vendor, strength) == (0x9901, 7, 2, b"AE", 3)
            names = struct.unpack("<HH", archive[one.header_offset + 26 : one.header_offset + 30])
            start = one.header_offset + 30 + sum(names)
            data = _decrypt(archive[start : start + one.compress_size], passphrase)
            opened.writestr(one.filename, zlib.decompress(data, -15) if method else data)
            assert opened.getinfo(one.filename).file_size == one.file_size
    return ZipFile(plain)


def _decrypt(body: bytes, passphrase: str) -> bytes:
    salt, verifier, ciphertext, seal = body[:16], body[16:18], body[18:-10], body[-10:]
    keys = pbkdf2_hmac("sha1", passphrase.encode(), salt, 1000, 66)
    if keys[64:] != verifier or hmac.new(keys[32:64], ciphertext, sha1).digest()[:10] != seal:
        raise ValueError("another passphrase, or changed bytes")
    cipher = Cipher(AES256(keys[:32]), ECB()).encryptor()
    count = -(-len(ciphertext) // 16)
    stream = cipher.update(b"".join(at.to_bytes(16, "little") for at in range(1, count + 1)))
    return bytes(left ^ right for left, right in zip(ciphertext, stream, strict=False))
