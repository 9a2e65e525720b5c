"""Passwords: bcrypt, slow on purpose, so call it away from the event loop."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

import bcrypt

from workflow.errors import WeakPassword

SHORTEST: Final = 8
NOBODY: Final = "$2b$12$" + "." * 53  # a hash no password has: checking it costs what a real one costs
COMMON: Final = frozenset(
    ("password", "password1", "12345678", "123456789", "1234567890", "qwertyui", "qwerty123", "iloveyou", "11111111")
)


def hash_password(password: str, cost: int = 12) -> str:
    """Raises WeakPassword. Hashed before bcrypt, which takes 72 bytes at most (a Tamil letter is three)."""
    if len(password) < SHORTEST or password.lower() in COMMON or len(set(password)) < 4:
        raise WeakPassword(shortest=SHORTEST)
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(cost)).decode()


def matches(password: str, password_hash: str | None) -> bool:
    """Takes as long for an unknown account (None) as for a wrong password."""
    known = bcrypt.checkpw(_digest(password), (password_hash or NOBODY).encode())
    return known and password_hash is not None


def _digest(password: str) -> bytes:
    return b64encode(sha256(password.encode()).digest())
