"""The secret key and the master keys, from the settings or from files created once in the data folder (mode 600)."""

import hmac
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from bot.settings import Settings
from models.crypto.atomic import write_atomic
from models.crypto.keys import KeyEncryptionKeys
from reports.signing.signers import KeyFolder

KEY_FILE: Final = "secret.key"
MASTER_FILE: Final = "master.key"
MIN_KEY_LENGTH: Final = 32  # characters
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def secret_key(settings: Settings) -> bytes:
    """The root key of one-time codes and derived keys."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return _read_or_create(settings.data / KEY_FILE)


def signing_keys(settings: Settings) -> KeyFolder:
    """Folder of the keys that sign reports, and the passphrase that encrypts them."""
    return KeyFolder(settings.data / "signing", derive(secret_key(settings), "signing").hex().encode())


def master_keys(settings: Settings) -> KeyEncryptionKeys:
    """The key-encryption keys that wrap every person's data key, newest first; one per line of the file."""
    if settings.master_key is not None:
        return parse_master_keys(settings.master_key.get_secret_value())
    path = settings.data / MASTER_FILE
    return KeyEncryptionKeys(lambda: [_digest(line) for line in _read_or_create(path).decode().split()])


def parse_master_keys(value: str) -> KeyEncryptionKeys:
    """The keys of CSSS_MASTER_KEY, separated by commas."""
    keys = [_digest(key) for key in value.split(",")]
    return KeyEncryptionKeys(lambda: keys)


def prepend_new_key(path: Path) -> None:
    """Put a new key before the old ones, which are needed until every data key is rewrapped."""
    _replace(path, [secrets.token_hex(32), *_read_or_create(path).decode().split()])


def drop_old_keys(path: Path) -> None:
    """Keep only the newest key."""
    _replace(path, path.read_text().split()[:1])


def derive(key: bytes, purpose: str) -> bytes:
    """An independent key per purpose (HMAC-SHA256). The purposes are part of stored data and never change."""
    return hmac.new(key, purpose.encode(), sha256).digest()


def push_key(secret_key: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key by which push services and browsers know this server (VAPID).

    Derived, so that it is one for all processes and in the backup with the secret key; the 512 bits leave the scalar no
    bias (FIPS 186-5, A.2.1)."""
    digits = int.from_bytes(derive(secret_key, "web push 1") + derive(secret_key, "web push 2"))
    return ec.derive_private_key(digits % (P256_ORDER - 1) + 1, ec.SECP256R1())


def anchor_key(secret_key: bytes) -> bytes:
    """The key of the audit chain's anchors."""
    return derive(secret_key, "audit anchors")


def truncated_key_files(settings: Settings) -> list[str]:
    """Names of the key files that hold less than a whole key, for example after an interrupted copy."""
    files = (
        (KEY_FILE, settings.secret_key, 0),
        (MASTER_FILE, settings.master_key, -1),
    )  # one key, or one per line
    return [name for name, setting, splits in files if setting is None and _is_truncated(settings.data / name, splits)]


def _is_truncated(path: Path, splits: int) -> bool:
    return path.exists() and min(map(len, path.read_bytes().split(maxsplit=splits)), default=0) < MIN_KEY_LENGTH


def _read_or_create(path: Path) -> bytes:
    """Create the file atomically if it is missing; of two processes creating it at once, one wins."""
    if not path.exists():
        write_atomic(path, secrets.token_hex(32).encode(), overwrite=False)
    return path.read_bytes()


def _replace(path: Path, lines: list[str]) -> None:
    write_atomic(path, "\n".join(lines).encode())


def _digest(key: str) -> bytes:
    return sha256(key.strip().encode()).digest()
