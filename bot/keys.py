"""The house's secret and master keys: from the settings, or made once and kept where only we read them."""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from bot.settings import Settings
from models.keys import Masters
from reports.hands import KeyFolder

MASTER_FILE = "master.key"


def secret_key(settings: Settings) -> bytes:
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return _kept(settings.data / "secret.key")


def signing_keys(settings: Settings) -> KeyFolder:
    """Where the keys lie that sign reports, and what opens them."""
    return KeyFolder(settings.data / "signing", derive(secret_key(settings), "signing").hex().encode())


def master_keys(settings: Settings) -> Masters:
    """What wraps every person's data key, newest first. In a file each is a line of its own."""
    if settings.master_key is not None:
        return master_of(settings.master_key.get_secret_value())
    path = settings.data / MASTER_FILE
    return Masters(lambda: [_digest(line) for line in _kept(path).decode().split()])


def master_of(words: str) -> Masters:
    """From a setting: one key, or several after commas."""
    keys = [_digest(key) for key in words.split(",")]
    return Masters(lambda: keys)


def rotate_file(path: Path) -> None:
    """A new key before the old ones, which stay until everything is wrapped anew."""
    _replace(path, [secrets.token_hex(32), *_kept(path).decode().split()])


def retire_old(path: Path) -> None:
    _replace(path, path.read_text().split()[:1])


def derive(key: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, so that knowing one opens nothing else."""
    return hmac.new(key, purpose.encode(), sha256).digest()


def _kept(path: Path) -> bytes:
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(secrets.token_hex(32).encode())
    except FileExistsError:
        pass
    return path.read_bytes()


def _replace(path: Path, lines: list[str]) -> None:
    """All or nothing, and readable by nobody else at any moment."""
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write("\n".join(lines))
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def _digest(words: str) -> bytes:
    return sha256(words.strip().encode()).digest()
