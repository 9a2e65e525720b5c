"""One-time codes: made when their mail leaves, kept as a keyed hash, good once, for one thing.

NIST SP 800-63B-4 section 3.1.3: at least six digits, ten minutes at most, accepted once, guesses limited; and a new
code does not forget earlier wrong guesses."""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from sqlalchemy import Update, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.codes import Code
from workflow.errors import CodeError, CodeSpent, CodesUsedUp, CodeTooSoon, CodeWrong
from workflow.jobs import JobKind, enqueue

LIFETIME: Final = timedelta(minutes=10)
TRIES: Final = 5
PAUSE: Final = timedelta(seconds=60)
WINDOW: Final = timedelta(minutes=15)
CODES_PER_WINDOW: Final = 3
WRONG_PER_WINDOW: Final = 10


class Verdict(StrEnum):
    """How a typed code was judged. It is returned and not raised: a wrong guess must be counted, so the
    transaction that judged it has to commit before anybody is told."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"

    def demand(self) -> None:
        if self is not Verdict.RIGHT:
            error: type[CodeError] = CodeWrong if self is Verdict.WRONG else CodeSpent
            raise error(tries=TRIES)


async def send_code(session: AsyncSession, code: Code, at: datetime) -> Code:
    """Owe a mail with a new code; raises like `open_code`."""
    await open_code(session, code, at)
    enqueue(session, JobKind.MAIL_CODE, at, code_id=code.id)
    return code


async def open_code(session: AsyncSession, code: Code, at: datetime) -> Code:
    """A code that no mail carries yet: no guess fits it. What was sent before for this purpose and chat is void.

    Raises CodeTooSoon within a minute; CodesUsedUp after three in a quarter of an hour or ten wrong guesses."""
    await _allow(session, code, at)
    await session.execute(_same(code).where(Code.used_at.is_(None)).values(used_at=at))
    code.created_at, code.expires_at = at, at + LIFETIME
    session.add(code)
    await session.flush()
    return code


async def make_digits(session: AsyncSession, code_id: int, key: bytes, at: datetime) -> tuple[Code, str] | None:
    """Make the digits that are about to be mailed and keep their keyed hash. None when nobody waits for them."""
    code = await session.get_one(Code, code_id)
    if code.used_at is not None or code.expires_at <= at:
        return None
    digits = f"{secrets.randbelow(10**6):06}"
    code.digest = digest(code, digits, key)
    return code, digits


async def judge(session: AsyncSession, code: Code | None, typed: str, key: bytes, at: datetime) -> Verdict:
    """Spend one try, atomically, then compare in constant time. Commit whatever the verdict is."""
    if code is None:
        return Verdict.SPENT
    alive = (Code.id == code.id, Code.used_at.is_(None), Code.attempts < TRIES, Code.expires_at > at)
    spent = await session.execute(update(Code).where(*alive).values(attempts=Code.attempts + 1).returning(Code.id))
    if spent.scalar_one_or_none() is None:
        return Verdict.SPENT
    if not hmac.compare_digest(digest(code, "".join(typed.split()), key), code.digest):
        return Verdict.WRONG
    await session.execute(update(Code).where(Code.id == code.id).values(used_at=at))
    return Verdict.RIGHT


def digest(code: Code, digits: str, key: bytes) -> str:
    """Bind the digits to who asked, for what and on which content: any change of these makes another code."""
    bound = (
        code.id,
        code.purpose,
        code.chat_id,
        code.account_id,
        code.email,
        code.scan_id,
        code.content_sha256,
        digits,
    )
    return hmac.new(key, "|".join(map(str, bound)).encode(), sha256).hexdigest()


async def _allow(session: AsyncSession, code: Code, at: datetime) -> None:
    recent = (Code.chat_id == code.chat_id, Code.purpose == code.purpose, Code.created_at > at - WINDOW)
    row = await session.execute(select(func.count(), func.max(Code.created_at), func.sum(Code.attempts)).where(*recent))
    count, latest, guesses = row.one()
    if count >= CODES_PER_WINDOW or (guesses or 0) >= WRONG_PER_WINDOW:
        raise CodesUsedUp(minutes=int(WINDOW.total_seconds() // 60))
    if latest is not None and latest > at - PAUSE:
        raise CodeTooSoon(seconds=int(PAUSE.total_seconds()))


def _same(code: Code) -> Update:
    return update(Code).where(Code.chat_id == code.chat_id, Code.purpose == code.purpose)
