"""“This was not me”: the owner denies a change, and the account is closed to whoever made it."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink
from models.tables.codes import Change, CredentialChange
from models.vocabulary import Role
from workflow.accounts import authenticators, roles
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.profile import account_by_email
from workflow.accounts.sessions import sign_out
from workflow.actors import actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.errors import LastAdministrator, NotFound, StaleAction
from workflow.jobs import JobKind, enqueue

DENIABLE: Final = timedelta(days=7)
SEAL_DIGITS: Final = 32


async def deny_in_chat(session: AsyncSession, change_id: int, chat_id: int, at: datetime) -> None:
    """Deny a change in a chat that was told of it. Raises NotFound or StaleAction."""
    change = await session.get(CredentialChange, change_id, with_for_update=True)
    if change is None or chat_id not in change.chats:
        raise NotFound
    await _deny(session, change, at)


async def deny_by_link(session: AsyncSession, change_id: int, given: str, key: bytes, at: datetime) -> None:
    """Deny a change by the link of its mail. Raises NotFound or StaleAction."""
    change = await session.get(CredentialChange, change_id, with_for_update=True)
    if change is None or not hmac.compare_digest(seal(change_id, key).encode(), given.encode()):
        raise NotFound
    await _deny(session, change, at)


def seal(change_id: int, key: bytes) -> str:
    """The proof in a mail's link that its holder has read the mail about this change."""
    return hmac.new(key, f"not me|{change_id}".encode(), sha256).hexdigest()[:SEAL_DIGITS]


async def _deny(session: AsyncSession, change: CredentialChange, at: datetime) -> None:
    """End every session, void the password, restore a changed address, lock a member of staff, tell the administrators.

    The last administrator is not locked: nobody could undo it. A new password comes by /reset."""
    if change.denied_at is not None or change.at < at - DENIABLE:
        raise StaleAction
    change.denied_at = at
    account = await session.get_one(Account, change.account_id)
    for chat_id in (await session.scalars(select(ChatLink.chat_id).where(ChatLink.account_id == account.id))).all():
        await sign_out(session, chat_id, at)
    await browsers.end_all(session, account.id, at)
    if account.password_hash is not None:
        account.password_hash = ""
    if change.former_email is not None and await account_by_email(session, change.former_email) is None:
        account.email = change.former_email  # a new password must not go to whoever changed it
    if change.change is Change.AUTHENTICATOR:
        await authenticators.delete_enrolment(session, account.id)
    if account.role is not Role.PATIENT:
        await _lock(session, account, at)
    await record(session, actor_of(account), AuditEvent("deny_change", "account", account.id, reason=change.change), at)
    enqueue(session, JobKind.NOTIFY_DENIED, at, change_id=change.id)


async def _lock(session: AsyncSession, account: Account, at: datetime) -> None:
    try:
        await roles.check_may_leave(session, account)
    except LastAdministrator:
        return
    account.suspended_at = account.suspended_at or at
