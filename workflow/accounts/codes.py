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

from models.tables.codes import Code, Factor
from workflow.accounts.authenticators import accepts, is_enrolled
from workflow.errors import CodeError, CodeSpent, CodesUsedUp, CodeTooSoon, CodeWrong
from workflow.jobs import JobKind, enqueue

LIFETIME: Final = timedelta(minutes=10)
TRIES: Final = 5
PAUSE: Final = timedelta(seconds=60)
WINDOW: Final = timedelta(minutes=15)
CODES_PER_WINDOW: Final = 3
MAILS_PER_WINDOW: Final = 6  # to one address, or asked for in one chat, by whoever is not signed in
WRONG_PER_WINDOW: Final = 10
ALL_PER_WINDOW: Final = 300  # whoever asks, and for whatever


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
    """Owe a mail with a new code, unless it is the person's app that shows it; raises like `open_code`."""
    enrolled = await is_enrolled(session, code.account_id)
    code.factor = Factor.AUTHENTICATOR if enrolled else Factor.MAIL
    await open_code(session, code, at)
    if not enrolled:
        enqueue(session, JobKind.MAIL_CODE, at, code_id=code.id)
    return code


async def open_code(session: AsyncSession, code: Code, at: datetime) -> Code:
    """A code that no mail carries yet: no guess fits it. What was sent before for this purpose and chat is void.

    Raises CodeTooSoon within a minute; CodesUsedUp after three for the same thing in a quarter of an hour, or ten
    wrong guesses by this chat or for this address, whatever the number of codes, or three hundred over all."""
    await _allow(session, code, at)
    await session.execute(_same(code).where(Code.used_at.is_(None)).values(used_at=at))
    code.created_at, code.expires_at = at, at + LIFETIME
    session.add(code)
    await session.flush()
    return code


def make_digits(code: Code, key: bytes, at: datetime) -> str | None:
    """Make the digits that are about to be mailed and keep their keyed hash. None when nobody waits for them."""
    if code.used_at is not None or code.expires_at <= at:
        return None
    digits = f"{secrets.randbelow(10**6):06}"
    code.digest = digest(code, digits, key)
    return digits


async def void(session: AsyncSession, code_id: int, at: datetime) -> None:
    """Nobody will ever read these digits."""
    await session.execute(update(Code).where(Code.id == code_id, Code.used_at.is_(None)).values(used_at=at))


async def judge(session: AsyncSession, code: Code | None, typed: str, key: bytes, at: datetime) -> Verdict:
    """Spend one try, atomically, then compare in constant time. Commit whatever the verdict is."""
    if code is None:
        return Verdict.SPENT
    alive = (Code.id == code.id, Code.used_at.is_(None), Code.attempts < TRIES, Code.expires_at > at)
    spent = await session.execute(update(Code).where(*alive).values(attempts=Code.attempts + 1).returning(Code.id))
    if spent.scalar_one_or_none() is None:
        return Verdict.SPENT
    if not await _fits(session, code, typed, key, at):
        return Verdict.WRONG
    await session.execute(update(Code).where(Code.id == code.id).values(used_at=at))
    return Verdict.RIGHT


async def _fits(session: AsyncSession, code: Code, typed: str, key: bytes, at: datetime) -> bool:
    if code.factor is Factor.AUTHENTICATOR:
        return await accepts(session, code.account_id, typed, key, at)
    return hmac.compare_digest(digest(code, "".join(typed.split()), key), code.digest)


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
    recent = (Code.purpose == code.purpose, Code.created_at > at - WINDOW)
    facts = select(func.count(), func.max(Code.created_at), func.sum(Code.attempts)).where(*recent)
    again = facts.where(Code.chat_id == code.chat_id, Code.scan_id.is_not_distinct_from(code.scan_id))
    count, latest, _ = (await session.execute(again)).one()
    chat_or_address = (Code.chat_id == code.chat_id) | (Code.email == code.email)
    mails, _, guesses = (await session.execute(facts.where(chat_or_address))).one()
    over_all = await session.scalar(select(func.count()).where(Code.created_at > at - WINDOW)) or 0
    many = (code.account_id is None and mails >= MAILS_PER_WINDOW) or over_all >= ALL_PER_WINDOW
    if count >= CODES_PER_WINDOW or many or (guesses or 0) >= WRONG_PER_WINDOW:
        raise CodesUsedUp(wait=WINDOW)
    if code.factor is Factor.MAIL and latest is not None and latest > at - PAUSE:
        raise CodeTooSoon(wait=PAUSE)


def _same(code: Code) -> Update:
    return update(Code).where(Code.chat_id == code.chat_id, Code.purpose == code.purpose)
