"""Throttling of password attempts: counted before they are compared, with exponential backoff per chat and address.

An address without an account is throttled in the same way, so that attempts do not reveal which addresses are known.
A chat that is linked to the account is counted alone: attempts of other chats do not shut it out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, Throttle
from workflow.accounts.profile import linked_account
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.errors import LoginLocked

FREE_FAILURES: Final = 3  # consecutive failures; the third one starts the backoff
FIRST_PAUSE: Final = timedelta(minutes=1)
MAX_PAUSE: Final = timedelta(hours=1)
RESET_AFTER: Final = timedelta(days=1)
USED_ONCE: Final = "once:"  # the beginning of these keys


async def begin_attempt(session: AsyncSession, chat_id: int, email: str, at: datetime) -> str | None:
    """Count an attempt and return the password hash to compare with; None for an unknown address.

    Commit before comparing. Raises LoginLocked while the chat is throttled, or the address for chats not linked."""
    await count_attempt(session, _chat_key(chat_id), at)
    if await linked_account(session, chat_id, email) is None:
        await count_attempt(session, _address_key(email), at)
    account = await session.scalar(select(Account).where(Account.email == email.lower()))
    return account.password_hash if account else None


async def record_success(session: AsyncSession, chat_id: int, email: str) -> None:
    """Take this attempt back from the chat's count; reset the address's count unless the chat was linked already."""
    if await linked_account(session, chat_id, email) is None:
        await reset_failures(session, _address_key(email))
    chat = await _locked(session, _chat_key(chat_id))
    chat.failures, chat.until = max(0, chat.failures - 1), None


async def count_failure(session: AsyncSession, key: str, at: datetime) -> int:
    """Count a failure under this key, without any pause; returns their number."""
    await _ensure(session, key, at)
    throttle = await _locked(session, key)
    throttle.failures, throttle.at = throttle.failures + 1, at
    return throttle.failures


async def use_once(session: AsyncSession, name: str, at: datetime) -> bool:
    """Whether this is the first use of what has this name, of at most 64 characters, within a day."""
    return await count_failure(session, f"{USED_ONCE}{name}", at) == 1


async def failures_of(session: AsyncSession, key: str) -> int:
    """The number of failures counted under this key."""
    return await session.scalar(select(Throttle.failures).where(Throttle.key == key)) or 0


async def forget_failures(session: AsyncSession, key: str) -> None:
    """Delete the count of a key."""
    await session.execute(delete(Throttle).where(Throttle.key == key))


async def reset_failures(session: AsyncSession, key: str) -> None:
    """Reset the count of a key."""
    throttle = await _locked(session, key)
    throttle.failures, throttle.until = 0, None


async def record_failure(session: AsyncSession, email: str, at: datetime) -> None:
    """Record a refused sign-in in the audit trail of a known account."""
    account = await session.scalar(select(Account).where(Account.email == email.lower()))
    if account is not None:
        refused = AuditEvent("sign_in", "account", account.id, outcome=Outcome.REFUSED, reason="password")
        await record(session, None, refused, at)


async def delete_throttles(session: AsyncSession, chats: Sequence[int], email: str | None) -> None:
    """Delete the counts of these chats and of this address."""
    addresses = [email] if email else []
    keys = [*map(_address_key, addresses), *map(reset_key, addresses), *map(_chat_key, chats)]
    await session.execute(delete(Throttle).where(Throttle.key.in_(keys)))


async def delete_old(session: AsyncSession, at: datetime) -> None:
    """Delete the counts of browsers, which begin anew with each visit, and what was used once, a day later."""
    by_kind = Throttle.key.startswith("chat:-") | Throttle.key.startswith(USED_ONCE)
    forgotten = (by_kind, Throttle.at < at - RESET_AFTER)
    await session.execute(delete(Throttle).where(*forgotten))


def backoff(failures: int) -> timedelta:
    """Zero below 3 failures, then 1, 2, 4 … minutes, up to an hour."""
    if failures < FREE_FAILURES:
        return timedelta()
    return min(MAX_PAUSE, FIRST_PAUSE * (1 << min(failures - FREE_FAILURES, 10)))


async def count_attempt(session: AsyncSession, key: str, at: datetime) -> None:
    """Count an attempt under this key before it is compared. Raises LoginLocked while the key is throttled."""
    await _ensure(session, key, at)
    throttle = await _locked(session, key)
    if throttle.until is not None and throttle.until > at:
        raise LoginLocked(wait=throttle.until - at)
    if throttle.at < at - RESET_AFTER:
        throttle.failures = 0
    throttle.failures += 1
    throttle.at, throttle.until = at, at + backoff(throttle.failures)


async def _ensure(session: AsyncSession, key: str, at: datetime) -> None:
    insert = sqlite.insert if session.bind.dialect.name == "sqlite" else postgresql.insert
    await session.execute(insert(Throttle).values(key=key, failures=0, at=at).on_conflict_do_nothing())


async def _locked(session: AsyncSession, key: str) -> Throttle:
    throttle = select(Throttle).where(Throttle.key == key).with_for_update()
    return (await session.scalars(throttle.execution_options(populate_existing=True))).one()


def _chat_key(chat_id: int) -> str:
    return f"chat:{chat_id}"


def reset_key(email: str) -> str:
    """The key that counts wrong reset codes for an address, typed in chats that are not its account's."""
    return f"reset:{sha256(email.lower().encode()).hexdigest()}"


def factor_key(account_id: int | None) -> str:
    """The key that counts wrong second factors at the sign-in to an account."""
    return f"sign-in:{account_id}"


def _address_key(email: str) -> str:
    return f"mail:{sha256(email.lower().encode()).hexdigest()}"
