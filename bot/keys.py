"""The house's secret key and those derived from it: from the settings, or made once and kept where only we read it."""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from bot.settings import Settings


def secret_key(settings: Settings) -> bytes:
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return _kept(settings.data / "secret.key")


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
