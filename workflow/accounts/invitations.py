"""One-time invitations to a staff role."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink, Invite
from models.vocabulary import Role
from workflow.accounts import roles
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.errors import (
    InviteInvalid,
    NotAllowed,
    NotLinked,
    RoleHeld,
)
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Permission, authorize

INVITE_LIFETIME: Final = timedelta(days=3)


async def invite(session: AsyncSession, actor: Actor | None, role: Role, at: datetime) -> str:
    """Create an invitation and return its token, of which only a hash is stored. `actor` is None on the command line.

    Raises NotAllowed for a role that is not a staff role, or what `authorize` raises."""
    if actor is not None:
        authorize(actor, Permission.INVITE)
    if role not in STAFF:
        raise NotAllowed
    token = secrets.token_urlsafe(32)
    invitation = Invite(
        token_hash=_hash(token),
        role=role,
        created_by=actor and actor.account_id,
        created_at=at,
        expires_at=at + INVITE_LIFETIME,
    )
    session.add(invitation)
    await session.flush()
    await record(session, actor, AuditEvent(f"invite:{role}", "invite", invitation.id), at)
    return token


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


async def needs_registration_number(session: AsyncSession, token: str | None, at: datetime) -> bool:
    """Whether the invited role has a professional registration number; False for an invalid invitation."""
    try:
        return token is not None and await invited_role(session, token, at) in roles.REGISTERED_ROLES
    except InviteInvalid:
        return False


async def check_may_join(session: AsyncSession, actor: Actor, token: str, at: datetime) -> None:
    """Raise RoleHeld when the account has this role already, so that the invitation is not used up."""
    if await invited_role(session, token, at) in (await session.get_one(Account, actor.account_id)).roles:
        raise RoleHeld


async def accept_invite(
    session: AsyncSession, chat_id: int, token: str, at: datetime, number: str | None = None
) -> Actor:
    """Add the invited role to the chat's account and act in it from now on in this chat.

    Raises NotLinked, RoleHeld or InviteInvalid."""
    link = await session.get(ChatLink, chat_id)
    if link is None:
        raise NotLinked
    await check_may_join(session, actor_of(link.account), token, at)
    link.role = await use_invite(session, token, link.account, at)
    roles.grant(link.account, link.role, number, at)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)
    return actor_of(link.account, link.role)


async def use_invite(session: AsyncSession, token: str, account: Account, at: datetime) -> Role:
    """Mark the invitation as used and return its role. Of two concurrent uses one succeeds. Raises InviteInvalid."""
    role = await invited_role(session, token, at)
    unused = (Invite.token_hash == _hash(token), Invite.used_at.is_(None))
    used = await session.execute(
        update(Invite).where(*unused).values(used_at=at, used_by=account.id).returning(Invite.id)
    )
    if used.scalar_one_or_none() is None:
        raise InviteInvalid
    await record(session, actor_of(account)._replace(role=role), AuditEvent(f"join:{role}", "account", account.id), at)
    return role


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
