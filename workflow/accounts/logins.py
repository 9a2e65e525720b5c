"""Guesses at a password: each is counted before it is compared, and makes chat and address wait longer for the next.

An address without an account waits exactly as one with an account does: nobody learns here who has one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.people import Account, Throttle
from workflow.audit.chain import Entry, Outcome, note
from workflow.errors import LoginLocked

FREE: Final = 3  # wrong guesses in a row; the third makes the next wait
FIRST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)
FORGOTTEN: Final = timedelta(days=1)


async def attempt(session: AsyncSession, chat_id: int, email: str, at: datetime) -> str | None:
    """Count a guess and return what it has to match; None where nobody has this address. Commit before comparing.

    Raises LoginLocked while the chat or the address rests."""
    for key in (_of_chat(chat_id), _of_address(email)):
        await spend(session, key, at)
    account = await session.scalar(select(Account).where(Account.email == email.lower()))
    return account.password_hash if account else None


async def right(session: AsyncSession, chat_id: int, email: str) -> None:
    """The guess was right: the address starts afresh; of the chat's guesses only this one is forgiven."""
    await forgive(session, _of_address(email))
    chat = await _held(session, _of_chat(chat_id))
    chat.failures, chat.until = max(0, chat.failures - 1), None


async def forgive(session: AsyncSession, key: str) -> None:
    held = await _held(session, key)
    held.failures, held.until = 0, None


async def wrong(session: AsyncSession, email: str, at: datetime) -> None:
    """What an account's owner may want to know stands in the record."""
    account = await session.scalar(select(Account).where(Account.email == email.lower()))
    if account is not None:
        refused = Entry("sign_in", "account", account.id, outcome=Outcome.REFUSED, reason="password")
        await note(session, None, refused, at)


async def forget(session: AsyncSession, chats: Sequence[int], email: str) -> None:
    """Nobody signs in from there or by this address any more."""
    keys = [_of_address(email), *map(_of_chat, chats)]
    await session.execute(delete(Throttle).where(Throttle.key.in_(keys)))


def pause(failures: int) -> timedelta:
    """None for the first, then a minute, two, four … up to an hour."""
    if failures < FREE:
        return timedelta()
    return min(LONGEST, FIRST * (1 << min(failures - FREE, 10)))


async def spend(session: AsyncSession, key: str, at: datetime) -> None:
    """Count a guess under this key before it is compared. Raises LoginLocked while the key rests."""
    insert = sqlite.insert if session.bind.dialect.name == "sqlite" else postgresql.insert
    await session.execute(insert(Throttle).values(key=key, failures=0, at=at).on_conflict_do_nothing())
    throttle = await _held(session, key)
    if throttle.until is not None and throttle.until > at:
        raise LoginLocked(wait=throttle.until - at)
    if throttle.at < at - FORGOTTEN:
        throttle.failures = 0
    throttle.failures += 1
    throttle.at, throttle.until = at, at + pause(throttle.failures)


async def _held(session: AsyncSession, key: str) -> Throttle:
    held = select(Throttle).where(Throttle.key == key).with_for_update()
    return (await session.scalars(held.execution_options(populate_existing=True))).one()


def _of_chat(chat_id: int) -> str:
    return f"chat:{chat_id}"


def _of_address(email: str) -> str:
    return f"mail:{sha256(email.lower().encode()).hexdigest()}"
