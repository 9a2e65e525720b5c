"""One-time codes: generated when the mail is sent, stored as a keyed hash, valid once and for one purpose.

NIST SP 800-63B-4 section 3.1.3: at least six digits, valid for at most ten minutes, accepted once, attempts limited; a
new code does not reset the count of wrong attempts."""

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final, Literal
from unicodedata import decimal

from sqlalchemy import ColumnElement, Update, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, BrowserSession, ChatLink
from models.tables.codes import Code, Factor, Purpose
from workflow.accounts.authenticators import is_enrolled, verify_factor
from workflow.actors import actor_of
from workflow.errors import CodeError, CodeMissing, CodeSpent, CodesUsedUp, CodeTooSoon, CodeWrong
from workflow.jobs import JobKind, enqueue
from workflow.requester import Requester, requester_of

DIGITS: Final = 6
RESET_DIGITS: Final = 8  # of a code that anybody may ask for and guess
LIFETIME: Final = timedelta(minutes=10)
MAX_ATTEMPTS: Final = 5
MIN_INTERVAL: Final = timedelta(seconds=60)
WINDOW: Final = timedelta(minutes=15)
CODES_PER_WINDOW: Final = 3
CODE_RETENTION: Final = timedelta(days=90)
MAILS_PER_WINDOW: Final = 6  # to one address or from one chat, without sign-in
WRONG_PER_WINDOW: Final = 10  # of a signed-in chat, or of one address and chat without sign-in
WRONG_OF_ACCOUNT: Final = 30  # of all signed-in chats of one account
TOTAL_PER_WINDOW: Final = 300  # all codes together; part of them is left to staff
STRANGERS_MAILS: Final = "strangers' mails"  # the jobs' lock: one of them at a time, so that they hold up no other job
GROUPED_DIGITS: Final = re.compile(r"\d(?:[\s.\-\u2010-\u2015]?\d)*")  # of any script, as people group them
CodeMail = Literal[JobKind.MAIL_CODE, JobKind.MAIL_ACCOUNT_EXISTS]


class Verdict(StrEnum):
    """The result of `verify_code`. It is returned, not raised: the transaction has to commit the counted attempt
    before the caller refuses."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"

    def raise_if_wrong(self) -> None:
        """Raise CodeWrong or CodeSpent unless the code was right."""
        if self is not Verdict.RIGHT:
            error: type[CodeError] = CodeWrong if self is Verdict.WRONG else CodeSpent
            raise error(tries=MAX_ATTEMPTS)


async def send_code(
    session: AsyncSession,
    code: Code,
    at: datetime,
    kind: CodeMail = JobKind.MAIL_CODE,
) -> Code:
    """Enqueue a mail with a new code, unless the account uses an authenticator app. Raises like `open_code`.

    `kind`: the mail that goes out instead, where the chat is to see no difference."""
    enrolled = code.purpose is not Purpose.RESET_PASSWORD and await is_enrolled(session, code.account_id)
    code.factor = Factor.AUTHENTICATOR if enrolled else Factor.MAIL
    await open_code(session, code, at)
    if not enrolled:
        enqueue(session, kind, at, lock=STRANGERS_MAILS if code.account_id is None else None, code_id=code.id)
    return code


async def requester_for(session: AsyncSession, code: Code) -> Requester:
    """The requester of the code; a stranger where it has no account."""
    account = await session.get(Account, code.account_id) if code.account_id is not None else None
    return requester_of(actor_of(account)._replace(roles=account.roles) if account else None)


async def open_code(session: AsyncSession, code: Code, at: datetime) -> Code:
    """Store a code without digits, which no input matches yet; earlier codes of the same purpose and chat become void.

    Raises CodeTooSoon within a minute of the last; CodesUsedUp after 3 codes for the same purpose, scan and address (6
    for any address: one mistyped does not count against the right one), 10 wrong attempts of this chat (without
    sign-in: of this chat or address), or 300 codes overall, of which strangers and patients may use a part, each within
    15 minutes."""
    await _check_rate_limits(session, code, at)
    await session.execute(_same_purpose(code).where(Code.used_at.is_(None)).values(used_at=at))
    code.created_at, code.expires_at = at, at + LIFETIME
    session.add(code)
    await session.flush()
    return code


def is_open(code: Code, at: datetime) -> bool:
    """Whether the code is neither used nor void nor expired."""
    return code.used_at is None and code.expires_at > at


def generate_digits(code: Code, key: bytes, at: datetime) -> str | None:
    """Generate the digits to be mailed and store their keyed hash. None when the code is used or expired."""
    if not is_open(code, at):
        return None
    length = RESET_DIGITS if code.purpose is Purpose.RESET_PASSWORD else DIGITS
    digits = f"{secrets.randbelow(10**length):0{length}}"
    code.digest = digest(code, digits, key)
    return digits


async def latest_code(session: AsyncSession, purpose: Purpose, *conditions: ColumnElement[bool]) -> Code | None:
    """The newest code of this purpose that fulfils the conditions."""
    codes = select(Code).where(Code.purpose == purpose, *conditions)
    code: Code | None = await session.scalar(codes.order_by(Code.id.desc()).limit(1))
    return code


async def void(session: AsyncSession, code_id: int, at: datetime) -> None:
    """Make a code unusable."""
    await session.execute(update(Code).where(Code.id == code_id, Code.used_at.is_(None)).values(used_at=at))


async def void_open(session: AsyncSession, purpose: Purpose, scan_id: int, at: datetime) -> None:
    """Make every open code of this purpose and scan unusable."""
    codes = update(Code).where(Code.purpose == purpose, Code.scan_id == scan_id, Code.used_at.is_(None))
    await session.execute(codes.values(used_at=at))


async def verify_code(session: AsyncSession, code: Code | None, typed: str, key: bytes, at: datetime) -> Verdict:
    """Count an attempt as wrong atomically, then compare in constant time; a right one is taken off the count again.

    Commit whatever the verdict is. Raises CodeMissing, which counts nothing, for text that is obviously no code."""
    if (code is None or code.factor is Factor.MAIL) and ("@" in typed or not any(map(str.isdecimal, typed))):
        raise CodeMissing
    if code is None:
        return Verdict.SPENT
    usable = (Code.id == code.id, Code.used_at.is_(None), Code.attempts < MAX_ATTEMPTS, Code.expires_at > at)
    counted = await session.execute(update(Code).where(*usable).values(attempts=Code.attempts + 1).returning(Code.id))
    if counted.scalar_one_or_none() is None:
        return Verdict.SPENT
    if not await _matches(session, code, typed, key, at):
        return Verdict.WRONG
    await session.execute(update(Code).where(Code.id == code.id).values(used_at=at, attempts=Code.attempts - 1))
    own = (ChatLink.chat_id == code.chat_id, ChatLink.account_id == code.account_id)
    await session.execute(update(ChatLink).where(*own).values(proved_at=at))
    same = (BrowserSession.id == code.chat_id, BrowserSession.account_id == code.account_id)
    await session.execute(update(BrowserSession).where(*same).values(proved_at=at))
    return Verdict.RIGHT


async def _matches(session: AsyncSession, code: Code, typed: str, key: bytes, at: datetime) -> bool:
    if code.factor is Factor.AUTHENTICATOR:
        return await verify_factor(session, code.account_id, typed, key, at)
    length = RESET_DIGITS if code.purpose is Purpose.RESET_PASSWORD else DIGITS
    return hmac.compare_digest(digest(code, typed_digits(typed, length), key), code.digest)


def typed_digits(typed: str, length: int) -> str:
    """The code in what was typed: digits of any script, grouped by spaces or hyphens, alone or in a sentence.

    It is the one group of `length` digits; where there is none or several, all digits together."""
    groups = ["".join(filter(str.isdecimal, one)) for one in GROUPED_DIGITS.findall(typed)]
    fitting = [one for one in groups if len(one) == length]
    digits = fitting[0] if len(fitting) == 1 else "".join(groups)
    return "".join(str(decimal(one)) for one in digits)


def digest(code: Code, digits: str, key: bytes) -> str:
    """HMAC-SHA256 of the digits, bound to account, chat, purpose, scan and content."""
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


async def _check_rate_limits(session: AsyncSession, code: Code, at: datetime) -> None:
    recent = (Code.purpose == code.purpose, Code.created_at > at - WINDOW)
    counts = select(func.count(), func.max(Code.created_at)).where(*recent)
    same_thing = counts.where(
        Code.chat_id == code.chat_id,
        Code.scan_id.is_not_distinct_from(code.scan_id),
        Code.email.is_not_distinct_from(code.email),
    )
    count, latest = (await session.execute(same_thing)).one()
    total = await session.scalar(select(func.count()).where(Code.created_at > at - WINDOW)) or 0
    used_up = count >= CODES_PER_WINDOW or total >= (await requester_for(session, code)).within(TOTAL_PER_WINDOW)
    if used_up or await _is_over_own_limit(session, code, recent):
        raise CodesUsedUp(wait=WINDOW)
    if code.factor is Factor.MAIL and latest is not None and abs(latest - at) < MIN_INTERVAL:
        raise CodeTooSoon(wait=MIN_INTERVAL)


async def _is_over_own_limit(session: AsyncSession, code: Code, recent: Sequence[ColumnElement[bool]]) -> bool:
    """Whether this chat or address has too many codes or wrong attempts.

    A signed-in chat is counted with its account alone: what others type about its address is not its own."""
    counts = select(func.count(), func.coalesce(func.sum(Code.attempts), 0)).where(*recent)
    if code.account_id is None:
        chat_or_address = (Code.chat_id == code.chat_id) | (Code.email == code.email)
        mails, guesses = (await session.execute(counts.where(Code.account_id.is_(None), chat_or_address))).one()
        return bool(mails >= MAILS_PER_WINDOW or guesses >= WRONG_PER_WINDOW)
    of_account = counts.where(Code.account_id == code.account_id)
    _, guesses = (await session.execute(of_account.where(Code.chat_id == code.chat_id))).one()
    _, of_all_chats = (await session.execute(of_account)).one()
    return bool(guesses >= WRONG_PER_WINDOW or of_all_chats >= WRONG_OF_ACCOUNT)


def _same_purpose(code: Code) -> Update:
    return update(Code).where(Code.chat_id == code.chat_id, Code.purpose == code.purpose)


async def delete_old(session: AsyncSession, at: datetime, most: int) -> int:
    """Delete up to `most` codes that expired more than `CODE_RETENTION` ago. Returns how many were deleted."""
    old = select(Code.id).where(Code.expires_at < at - CODE_RETENTION).limit(most)
    return len((await session.scalars(delete(Code).where(Code.id.in_(old)).returning(Code.id))).all())
