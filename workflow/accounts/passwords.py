"""Password strength (zxcvbn) and hashing (bcrypt)."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256
from time import monotonic
from typing import Final, TypeVar

import bcrypt
from zxcvbn import zxcvbn

from workflow.errors import LoginLocked, WeakPassword
from workflow.requester import Requester
from workflow.token_bucket import Clock, TokenBuckets

T = TypeVar("T")
MIN_LENGTH: Final = 8
MAX_SCORED: Final = 32  # characters scored by zxcvbn: its time grows with their square and more
MAX_PERSONAL: Final = 8  # words about the person that zxcvbn compares
MIN_SCORE: Final = 2  # of zxcvbn; lower: guessed within 10^6 tries (common words, names, dates, keyboard rows)
COST: Final = 12  # bcrypt: 2^12 rounds
MAX_WAITING: Final = 20  # passwords of one kind of requester that wait for their slot
BUSY_PAUSE: Final = timedelta(minutes=1)
NEW_PASSWORDS: Final = 10  # new passwords that a chat may try at once, good or bad
NEW_PASSWORDS_PERIOD: Final = timedelta(hours=1)  # in which so many more come back
TYPED_WORDS: Final = 5  # of a chat, alone or in sentences, that are compared though no password was asked for
TYPED_WORDS_PERIOD: Final = timedelta(hours=5)  # in which so many more come back: no more guesses than at a sign-in


def hash_password(password: str, personal: Sequence[str] = (), cost: int = COST) -> str:
    """bcrypt hash of the password. `personal` is what others know of the person: name and address. Raises WeakPassword.

    SHA-256 comes first, because bcrypt takes at most 72 bytes and a Tamil letter has three."""
    if len(password) < MIN_LENGTH or _score(password, personal) < MIN_SCORE:
        raise WeakPassword(shortest=MIN_LENGTH)
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(cost)).decode()


def _score(password: str, personal: Sequence[str]) -> int:
    """The score of zxcvbn, 0 to 4. Up to a second of CPU for a hostile password."""
    words = [word[:MAX_SCORED] for word in personal[-MAX_PERSONAL:]]  # the address comes last
    score: int = zxcvbn(password[:MAX_SCORED], user_inputs=words)["score"]
    return score


def matches(password: str, password_hash: str | None, cost: int = COST) -> bool:
    """Whether the password matches. Takes as long for an unknown account (None) as for a wrong password."""
    matched = bcrypt.checkpw(_digest(password), (password_hash or _dummy_hash(cost)).encode())
    return matched and password_hash is not None


class PasswordHasher:
    """Runs bcrypt (about 0.3 s of CPU each) in threads, one at a time for strangers, for patients and for staff.

    New passwords are metered and hashed in slots of their own, so that they hold up no sign-in, and counted for each
    chat. Above `MAX_WAITING` of one kind of requester further ones are refused."""

    def __init__(self, cost: int = COST, clock: Clock = monotonic) -> None:
        """`cost` is the base-2 logarithm of bcrypt's rounds."""
        self._cost = cost
        self._slots = {one: asyncio.Semaphore(1) for one in Requester}
        self._meters = {one: asyncio.Semaphore(1) for one in Requester}
        self._waiting = Counter[Requester]()
        self._typed_slots = {one: asyncio.Semaphore(1) for one in Requester}
        self._typed_waiting = Counter[Requester]()
        self._tries = TokenBuckets(NEW_PASSWORDS, NEW_PASSWORDS / NEW_PASSWORDS_PERIOD.total_seconds(), clock)
        self._typed = TokenBuckets(TYPED_WORDS, TYPED_WORDS / TYPED_WORDS_PERIOD.total_seconds(), clock)

    async def hash(self, password: str, personal: Sequence[str], chat_id: int, requester: Requester) -> str:
        """`hash_password` in a thread. Raises LoginLocked above `NEW_PASSWORDS` tries of a chat, WeakPassword."""
        self.check_room(requester)
        if not self._tries[chat_id].spend():
            raise LoginLocked(wait=NEW_PASSWORDS_PERIOD / NEW_PASSWORDS)
        work = partial(hash_password, password, personal, self._cost)
        return await self._in_slot(self._meters, self._waiting, requester, work)

    async def matches(self, password: str, password_hash: str | None, requester: Requester) -> bool:
        """`matches` in a thread."""
        work = partial(matches, password, password_hash, self._cost)
        return await self._in_slot(self._slots, self._waiting, requester, work)

    async def is_own(
        self, typed: str, password_hash: str | None, chat_id: int, requester: Requester, *, is_alone: bool = True
    ) -> bool:
        """Whether something typed where no password is asked for is the chat's own password. `is_alone`: it is one word
        that was typed without others.

        In slots of its own, which hold up no sign-in; not compared above `MAX_WAITING`, nor above `TYPED_WORDS` of a
        chat: sentences are counted apart and use up nothing of the single words."""
        if password_hash is None or self._typed_waiting[requester] >= MAX_WAITING:
            return False
        if not self._typed[chat_id, is_alone].spend():
            return False
        work = partial(matches, typed, password_hash, self._cost)
        return await self._in_slot(self._typed_slots, self._typed_waiting, requester, work)

    def check_room(self, requester: Requester) -> None:
        """Raise LoginLocked while too many passwords of this kind of requester wait."""
        if self._waiting[requester] >= MAX_WAITING:
            raise LoginLocked(wait=BUSY_PAUSE)

    @staticmethod
    async def _in_slot(
        slots: Mapping[Requester, asyncio.Semaphore],
        waiting: Counter[Requester],
        requester: Requester,
        work: Callable[[], T],
    ) -> T:
        waiting[requester] += 1
        try:
            async with slots[requester]:
                return await asyncio.to_thread(work)
        finally:
            waiting[requester] -= 1


def _dummy_hash(cost: int) -> str:
    """A hash that matches no password and takes as long to check as a real one."""
    return f"$2b${cost:02}$" + "." * 53


def _digest(password: str) -> bytes:
    return b64encode(sha256(password.encode()).digest())
