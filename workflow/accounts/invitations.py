"""One-time invitations to a staff role."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink, Invite
from models.tables.codes import Change, Code, Purpose
from models.vocabulary import Role
from workflow.accounts import roles
from workflow.accounts.codes import Verdict, latest_code, send_code, verify_code
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.credentials import changes
from workflow.errors import (
    InviteForOther,
    InviteInvalid,
    NotAllowed,
    NotLinked,
    RoleHeld,
)
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Permission, authorize

INVITE_LIFETIME: Final = timedelta(days=3)


class PlannedInvite(NamedTuple):
    """The invited role and address, and the token that the invitation will have."""

    role: Role
    email: str
    token: str


def new_token() -> str:
    """A random token for an invitation."""
    return secrets.token_urlsafe(32)


async def request_invite(
    session: AsyncSession, actor: Actor, role: Role, email: str, chat_id: int, at: datetime
) -> Code:
    """Send the administrator a code that confirms an invitation of this address to this role.

    Raises NotAllowed for a role that is not a staff role, or like `authorize` and `send_code`."""
    check_may_invite(actor, role)
    own = await session.get_one(Account, actor.account_id)
    code = Code(purpose=Purpose.INVITE, chat_id=chat_id, email=own.email, language=own.language, account_id=own.id)
    code.content_sha256 = _fingerprint(role, email)
    return await send_code(session, code, at)


async def confirm_invite(
    session: AsyncSession, actor: Actor, plan: PlannedInvite, typed: str, key: bytes, at: datetime
) -> Verdict:
    """Verify the code, then create the invitation. A code for another role or address is spent.

    Raises like `request_invite`."""
    check_may_invite(actor, plan.role)
    code = await latest_code(session, Purpose.INVITE, Code.account_id == actor.account_id)
    fits = code is not None and code.content_sha256 == _fingerprint(plan.role, plan.email)
    verdict = await verify_code(session, code, typed, key, at) if fits else Verdict.SPENT
    if verdict is Verdict.RIGHT:
        await create_invite(session, actor, plan, at)
    else:
        event = AuditEvent(f"invite:{plan.role}", "account", actor.account_id, outcome=Outcome.REFUSED)
        await record(session, actor, event, at)
    return verdict


def check_may_invite(actor: Actor | None, role: Role) -> None:
    """Raise NotAllowed for a role that is not a staff role, or like `authorize`; None is the command line."""
    if actor is not None:
        authorize(actor, Permission.INVITE)
    if role not in STAFF:
        raise NotAllowed


async def create_invite(session: AsyncSession, actor: Actor | None, plan: PlannedInvite, at: datetime) -> None:
    """Store an invitation with the hash of its token and notify the administrators.

    `actor` is None on the command line. Raises NotAllowed for a role that is not a staff role, or like `authorize`."""
    check_may_invite(actor, plan.role)
    invitation = Invite(
        token_hash=_hash(plan.token),
        role=plan.role,
        email=plan.email.lower(),
        created_by=actor and actor.account_id,
        created_at=at,
        expires_at=at + INVITE_LIFETIME,
    )
    session.add(invitation)
    await session.flush()
    await record(session, actor, AuditEvent(f"invite:{plan.role}", "invite", invitation.id), at)
    enqueue(session, JobKind.NOTIFY_INVITATION, at, invite_id=invitation.id, used=False)


async def revoke_invites(session: AsyncSession, actor: Actor, inviter: Account, at: datetime) -> None:
    """Expire the open invitations of an account that may no longer invite."""
    open_ = (Invite.created_by == inviter.id, Invite.used_at.is_(None), Invite.expires_at > at)
    voided = await session.scalars(update(Invite).where(*open_).values(expires_at=at).returning(Invite.id))
    for invite_id in voided.all():
        await record(session, actor, AuditEvent("void_invite", "invite", invite_id), at)


async def invited_role(session: AsyncSession, token: str, at: datetime) -> Role:
    """The role of this invitation. Raises InviteInvalid when it is unknown, used or expired."""
    invitation = await session.scalar(select(Invite).where(Invite.token_hash == _hash(token)))
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= at:
        raise InviteInvalid
    return invitation.role


async def check_address(session: AsyncSession, token: str, email: str | None) -> None:
    """Raise InviteForOther when the invitation is bound to another address, or the account has none: staff need one."""
    invited = await session.scalar(select(Invite.email).where(Invite.token_hash == _hash(token)))
    if email is None or (invited is not None and invited != email.lower()):
        raise InviteForOther


async def needs_registration_number(session: AsyncSession, token: str | None, at: datetime) -> bool:
    """Whether the invited role has a professional registration number; False for an invalid invitation."""
    try:
        return token is not None and await invited_role(session, token, at) in roles.REGISTERED_ROLES
    except InviteInvalid:
        return False


async def check_may_join(session: AsyncSession, actor: Actor, token: str, at: datetime) -> None:
    """Raise RoleHeld when the account has this role already, so that the invitation is not used up; InviteForOther."""
    account = await session.get_one(Account, actor.account_id)
    if await invited_role(session, token, at) in account.roles:
        raise RoleHeld
    await check_address(session, token, account.email)


async def accept_invite(
    session: AsyncSession, chat_id: int, token: str, at: datetime, number: str | None = None
) -> Actor:
    """Add the invited role to the chat's account and act in it from now on in this chat.

    Raises NotLinked, RoleHeld, InviteForOther or InviteInvalid."""
    link = await session.get(ChatLink, chat_id)
    if link is None:
        raise NotLinked
    await check_may_join(session, actor_of(link.account), token, at)
    link.role, inviter = await use_invite(session, token, link.account, at)
    roles.grant(link.account, link.role, number, at, inviter)
    await changes.note(session, link.account_id, Change.ROLE, at, chat_id)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)
    return actor_of(link.account, link.role)


async def use_invite(session: AsyncSession, token: str, account: Account, at: datetime) -> tuple[Role, int | None]:
    """Mark the invitation as used; returns its role and maker. Of two concurrent uses one succeeds.

    Raises InviteInvalid, InviteForOther."""
    role = await invited_role(session, token, at)
    await check_address(session, token, account.email)
    unused = (Invite.token_hash == _hash(token), Invite.used_at.is_(None))
    used = await session.execute(
        update(Invite).where(*unused).values(used_at=at, used_by=account.id).returning(Invite.id, Invite.created_by)
    )
    marked = used.one_or_none()
    if marked is None:
        raise InviteInvalid
    invite_id, inviter = marked
    enqueue(session, JobKind.NOTIFY_INVITATION, at, invite_id=invite_id, used=True)
    await record(session, actor_of(account)._replace(role=role), AuditEvent(f"join:{role}", "account", account.id), at)
    return role, inviter


def _fingerprint(role: Role, email: str) -> str:
    return _hash(f"{role}|{email.lower()}")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
