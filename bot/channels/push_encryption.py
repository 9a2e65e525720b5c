"""Encryption of a Web Push message for one browser: RFC 8291, in one record of `aes128gcm` (RFC 8188)."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE: Final = ec.SECP256R1()
SALT: Final = 16  # bytes
AUTH: Final = 16
RECORD_SIZE: Final = 4096  # bytes of a record at most; push services take no longer message
LAST_RECORD: Final = b"\x02"  # the delimiter after its plaintext


def encrypt(plaintext: bytes, p256dh: bytes, auth: bytes, sender: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The body of the request: header and record. `sender` and `salt` are new for every message.

    `p256dh`: the browser's public key, an uncompressed point. Raises ValueError for no point of the curve."""
    receiver, own = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh), point(sender.public_key())
    shared = sender.exchange(ec.ECDH(), receiver)
    material = _derive(shared, auth, b"WebPush: info\0" + p256dh + own, 32)
    key = _derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_SIZE.to_bytes(4) + len(own).to_bytes() + own
    return header + AESGCM(key).encrypt(nonce, plaintext + LAST_RECORD, None)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The public key as an uncompressed point of 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
