"""Reset of a forgotten password with a mailed code."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import ChatLink
from models.tables.codes import Change, Code, Purpose
from workflow.accounts import authenticators, logins
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.codes import Verdict, latest_code, send_code, verify_code
from workflow.accounts.profile import account_by_email, linked_account
from workflow.accounts.sessions import create_link, sign_out
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.credentials import changes
from workflow.errors import (
    AlreadyLinked,
    LoginFailed,
)

MAX_WRONG: Final = 100  # NIST SP 800-63B-4, section 3.2.2: failed attempts on one account in succession
TOLD_AT: Final = frozenset((3, 10, 30, MAX_WRONG))  # numbers of wrong codes of which the owner is told


async def request_reset_code(session: AsyncSession, chat_id: int, email: str, language: str, at: datetime) -> None:
    """Enqueue the mail of a reset code; the job sends none to an unknown address.

    `language` is the chat's. The chat sees no difference, neither now nor later. A chat that is linked to the account
    has limits of its own, which requests of others do not use up."""
    code = Code(purpose=Purpose.RESET_PASSWORD, chat_id=chat_id, email=email.lower(), language=language)
    own = await linked_account(session, chat_id, email)
    if own is not None:
        code.account_id = own.id
    await send_code(session, code, at)


async def verify_reset_code(
    session: AsyncSession, chat_id: int, email: str, typed: str, key: bytes, at: datetime
) -> Verdict:
    """Verify a reset code. A wrong one is recorded in the audit trail of a known account, and its owner is told.

    After `MAX_WRONG` wrong ones for an address, no code is right any more in a chat that is not linked to its account,
    until the password is used or set there."""
    own = await linked_account(session, chat_id, email)
    counted = logins.reset_key(email)
    code = await latest_code(session, Purpose.RESET_PASSWORD, Code.chat_id == chat_id, Code.email == email.lower())
    if own is None and await logins.failures_of(session, counted) >= MAX_WRONG:
        code = None
    verdict = await verify_code(session, code, typed, key, at)
    account = await account_by_email(session, email)
    if own is None and verdict is Verdict.WRONG:
        wrong = await logins.count_failure(session, counted, at)
        if account is not None and wrong in TOLD_AT:
            await changes.note(session, account.id, Change.GUESSED, at)
    if account is not None and verdict is not Verdict.RIGHT:
        refused = AuditEvent("set_password", "account", account.id, outcome=Outcome.REFUSED, reason=f"code:{verdict}")
        await record(session, None, refused, at)
    return verdict


async def has_authenticator(session: AsyncSession, email: str) -> bool:
    """Whether the account's authenticator app is asked for, too. Call it after the mailed code was right."""
    account = await account_by_email(session, email)
    return account is not None and await authenticators.is_enrolled(session, account.id)


async def verify_authenticator(session: AsyncSession, email: str, typed: str, key: bytes, at: datetime) -> bool:
    """Verify a code of the app or a recovery code. Attempts are counted; raises LoginLocked."""
    account = await account_by_email(session, email)
    if account is None:
        return False
    bucket = f"reset-factor:{account.id}"
    await logins.count_attempt(session, bucket, at)
    correct = await authenticators.verify_factor(session, account.id, typed, key, at)
    if correct:
        await logins.reset_failures(session, bucket)
    else:
        refused = AuditEvent("set_password", "account", account.id, outcome=Outcome.REFUSED, reason="authenticator")
        await record(session, None, refused, at)
    return correct


async def set_password(session: AsyncSession, chat_id: int, email: str, password_hash: str, at: datetime) -> Actor:
    """Store a new password. The caller has identified the owner.

    Signs out all browsers and other chats; this chat stays signed in, or is signed in. Raises LoginFailed for an
    unknown address, AlreadyLinked when the chat belongs to another account."""
    account = await account_by_email(session, email)
    if account is None:
        raise LoginFailed
    account.password_hash = password_hash
    for counted in (logins.reset_key(email), logins.factor_key(account.id)):
        await logins.forget_failures(session, counted)
    others = select(ChatLink).where(ChatLink.account_id == account.id, ChatLink.chat_id != chat_id)
    ended = [link.chat_id for link in await session.scalars(others)]
    for other in ended:
        await sign_out(session, other, at)
    await browsers.end_all(session, account.id, at)
    current = await session.get(ChatLink, chat_id)
    if current is None:
        await create_link(session, chat_id, account, at)
    elif current.account_id != account.id:
        raise AlreadyLinked
    else:
        current.seen_at = at
    await changes.note(session, account.id, Change.PASSWORD, at, chat_id, ended=ended)
    await record(session, actor_of(account), AuditEvent("set_password", "account", account.id), at)
    return actor_of(account)
