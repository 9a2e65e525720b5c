"""Sign-in of staff asks for a second factor after the password: the authenticator app, or else a mailed code."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.codes import Change, Code, Factor, Purpose
from workflow.accounts import logins, sessions
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.codes import Verdict, generate_digits, is_open, latest_code, send_code, verify_code
from workflow.accounts.password_reset import MAX_WRONG, TOLD_AT
from workflow.accounts.profile import account_by_email
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.credentials import changes
from workflow.errors import CodeSpent, LoginFailed, NotFound
from workflow.requester import Requester, requester_of


class NewChat(NamedTuple):
    """A chat in which the right password of the address was typed. `label`: its name on Telegram."""

    chat_id: int
    email: str
    label: str = ""


async def needs_second_factor(session: AsyncSession, email: str) -> bool:
    """Whether the account with this address has a staff role. Call it after the password was right."""
    account = await account_by_email(session, email)
    if account is None:
        return False
    return requester_of(actor_of(account)._replace(roles=account.roles)) is Requester.STAFF


async def request_code(session: AsyncSession, chat_id: int, email: str, at: datetime) -> Code:
    """Ask for the second factor in this chat. The caller has checked the password. Raises like `send_code`."""
    account = await account_by_email(session, email)
    if account is None:
        raise LoginFailed
    code = Code(
        purpose=Purpose.SIGN_IN, chat_id=chat_id, email=account.email, language=account.language, account_id=account.id
    )
    return await send_code(session, code, at)


async def sign_in_with_code(
    session: AsyncSession, chat: NewChat, typed: str, key: bytes, at: datetime
) -> tuple[Verdict, Actor | None]:
    """Verify the second factor and link the chat. Commit whatever the verdict is. Raises AlreadyLinked."""
    verdict = await verify_factor_code(session, chat.chat_id, chat.email, typed, key, at)
    if verdict is Verdict.RIGHT:
        return verdict, await sessions.sign_in(session, chat.chat_id, chat.email, at, chat.label)
    return verdict, None


async def sign_in_browser(
    session: AsyncSession, number: int, label: str, typed: str, key: bytes, at: datetime
) -> Verdict:
    """Verify the second factor in the browser of this number and sign it in. Commit whatever the verdict is.

    Raises like `workflow.accounts.browsers.sessions.open_session`."""
    waiting = await latest_code(session, Purpose.SIGN_IN, Code.chat_id == number)
    email = waiting.email if waiting is not None else ""
    verdict = await verify_factor_code(session, number, email, typed, key, at)
    account = await account_by_email(session, email) if verdict is Verdict.RIGHT else None
    if account is not None:
        await browsers.open_session(session, account, number, at, browsers.Origin(label))
    return verdict


async def verify_factor_code(
    session: AsyncSession, chat_id: int, email: str, typed: str, key: bytes, at: datetime
) -> Verdict:
    """Verify the second factor. A wrong one is recorded, and the owner is told of several.

    After `MAX_WRONG` wrong ones in succession no code is right until the password is set anew. Commit whatever the
    verdict is."""
    account = await account_by_email(session, email)
    counted = logins.factor_key(account.id if account else None)
    code = await latest_code(session, Purpose.SIGN_IN, Code.chat_id == chat_id, Code.email == email.lower())
    if await logins.failures_of(session, counted) >= MAX_WRONG:
        code = None
    verdict = await verify_code(session, code, typed, key, at)
    if account is not None and verdict is not Verdict.RIGHT:
        refused = AuditEvent("sign_in", "account", account.id, outcome=Outcome.REFUSED, reason=f"code:{verdict}")
        await record(session, None, refused, at)
        if verdict is Verdict.WRONG and await logins.count_failure(session, counted, at) in TOLD_AT:
            await changes.note(session, account.id, Change.FACTOR_GUESSED, at)
    return verdict


async def issue_code(session: AsyncSession, email: str, key: bytes, at: datetime) -> str:
    """The digits for a chat that waits for its second factor; for the operator, who has identified the person.

    Raises NotFound (unknown address), CodeSpent (no chat waits)."""
    account = await account_by_email(session, email)
    if account is None:
        raise NotFound
    code = await latest_code(session, Purpose.SIGN_IN, Code.account_id == account.id)
    if code is None or not is_open(code, at):
        raise CodeSpent
    code.factor = Factor.MAIL
    digits = generate_digits(code, key, at)
    assert digits is not None
    await record(session, None, AuditEvent("issue_code", "account", account.id), at)
    return digits
