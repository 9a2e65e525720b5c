"""Passwords: refused when they are easy to guess, kept as bcrypt, which is slow on purpose."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import bcrypt
from zxcvbn import zxcvbn

from workflow.errors import WeakPassword

SHORTEST: Final = 8
LOOKED_AT: Final = 72  # characters that zxcvbn weighs; beyond them nothing gets easier to guess
GUESSABLE: Final = 2  # its scores below this fall within a million guesses: common words, names, dates, keyboard rows
NOBODY: Final = "$2b$12$" + "." * 53  # a hash no password has: checking it costs what a real one costs
AT_ONCE: Final = 2


def hash_password(password: str, known: Sequence[str] = (), cost: int = 12) -> str:
    """Raises WeakPassword; `known` is what anybody knows of the person: name and address.

    Hashed before bcrypt, which takes 72 bytes at most (a Tamil letter is three)."""
    if len(password) < SHORTEST or zxcvbn(password[:LOOKED_AT], user_inputs=[*known])["score"] < GUESSABLE:
        raise WeakPassword(shortest=SHORTEST)
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(cost)).decode()


def matches(password: str, password_hash: str | None) -> bool:
    """Takes as long for an unknown account (None) as for a wrong password."""
    known = bcrypt.checkpw(_digest(password), (password_hash or NOBODY).encode())
    return known and password_hash is not None


class Hasher:
    """A third of a second of a core each: away from the event loop, and never more than two at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str, known: Sequence[str] = ()) -> str:
        async with self._turn:
            return await asyncio.to_thread(hash_password, password, known)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        async with self._turn:
            return await asyncio.to_thread(matches, password, password_hash)


def _digest(password: str) -> bytes:
    return b64encode(sha256(password.encode()).digest())
