"""Password strength (zxcvbn) and hashing (bcrypt)."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import bcrypt
from zxcvbn import zxcvbn

from workflow.errors import WeakPassword

MIN_LENGTH: Final = 8
MAX_SCORED: Final = 72  # characters scored by zxcvbn; more cannot make a password easier to guess
MIN_SCORE: Final = 2  # of zxcvbn; lower: guessed within 10^6 tries (common words, names, dates, keyboard rows)
COST: Final = 12  # bcrypt: 2^12 rounds
CONCURRENCY: Final = 2


def hash_password(password: str, personal: Sequence[str] = (), cost: int = COST) -> str:
    """bcrypt hash of the password. `personal` is what others know of the person: name and address. Raises WeakPassword.

    SHA-256 comes first, because bcrypt takes at most 72 bytes and a Tamil letter has three."""
    if len(password) < MIN_LENGTH or zxcvbn(password[:MAX_SCORED], user_inputs=[*personal])["score"] < MIN_SCORE:
        raise WeakPassword(shortest=MIN_LENGTH)
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(cost)).decode()


def matches(password: str, password_hash: str | None, cost: int = COST) -> bool:
    """Whether the password matches. Takes as long for an unknown account (None) as for a wrong password."""
    matched = bcrypt.checkpw(_digest(password), (password_hash or _dummy_hash(cost)).encode())
    return matched and password_hash is not None


class PasswordHasher:
    """Runs bcrypt (about 0.3 s of CPU each) in threads, at most `CONCURRENCY` at a time."""

    def __init__(self, cost: int = COST) -> None:
        """`cost` is the base-2 logarithm of bcrypt's rounds."""
        self._cost = cost
        self._semaphore = asyncio.Semaphore(CONCURRENCY)

    async def hash(self, password: str, personal: Sequence[str] = ()) -> str:
        """`hash_password` in a thread."""
        async with self._semaphore:
            return await asyncio.to_thread(hash_password, password, personal, self._cost)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """`matches` in a thread."""
        async with self._semaphore:
            return await asyncio.to_thread(matches, password, password_hash, self._cost)


def _dummy_hash(cost: int) -> str:
    """A hash that matches no password and takes as long to check as a real one."""
    return f"$2b${cost:02}$" + "." * 53


def _digest(password: str) -> bytes:
    return b64encode(sha256(password.encode()).digest())
