"""The roles of an account: several at once, one of them active in each chat."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, AdditionalRole, BrowserSession, ChatLink
from models.tables.chats import PushSubscription
from models.vocabulary import Role
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.errors import LastAdministrator, NewAdministrator, NotFound, NotLinked, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import GRANTS, Operation, Permission, authorize
from workflow.scans import queries

NEW_ADMINISTRATOR: Final = "new_administrator"  # key in `session.info`: how long an administrator is a new one
NEW_BY_DEFAULT: Final = timedelta(hours=24)
REGISTERED_ROLES: Final = frozenset((Role.DOCTOR, Role.PHARMACIST))  # their registration number is printed on reports


def grant(account: Account, role: Role, number: str | None, at: datetime, by: int | None) -> None:
    """Add a role; does nothing when it is held. A staff role comes first, the patient role stays.

    `by`: the administrator who gives it; None: the operator of the server, whose administrators are no new ones."""
    if role in account.roles:
        return
    note_start(account, role, at, by)
    if account.role is Role.PATIENT:
        account.additional_roles.append(AdditionalRole(role=Role.PATIENT, since=at))
        account.role, account.registration_number = role, number
    else:
        account.additional_roles.append(AdditionalRole(role=role, registration_number=number, since=at))


def note_start(account: Account, role: Role, at: datetime, by: int | None) -> None:
    """Note since when and by whom the account is an administrator, if that is the role."""
    if role is Role.ADMINISTRATOR:
        account.administrator_since, account.administrator_by = at if by is not None else None, by


def is_new_administrator(session: AsyncSession, account: Account, at: datetime) -> bool:
    """Whether the account is an administrator for too short a time, and nobody vouched for it."""
    period: timedelta = session.info.get(NEW_ADMINISTRATOR, NEW_BY_DEFAULT)
    since = account.administrator_since
    return since is not None and since > at - period


async def require_established(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Raise NewAdministrator for a new administrator: no release, no vouching, no removal of others."""
    account = await session.get_one(Account, actor.account_id)
    if is_new_administrator(session, account, at):
        raise NewAdministrator


async def revoke(session: AsyncSession, account: Account, role: Role) -> None:
    """Remove a role in every chat and browser, whose notices end; without another role the account is a patient's.

    Raises LastAdministrator."""
    if role is Role.ADMINISTRATOR:
        await require_other_administrator(session)
        account.administrator_since = account.administrator_by = None
    staff = [one for one in account.additional_roles if one.role is not Role.PATIENT]
    if account.role is not role:
        account.additional_roles = [one for one in account.additional_roles if one.role is not role]
    elif staff:
        account.role, account.registration_number = staff[0].role, staff[0].registration_number
        account.additional_roles = [one for one in account.additional_roles if one is not staff[0]]
    else:
        account.role, account.registration_number, account.additional_roles = Role.PATIENT, None, []
    for table in (ChatLink, BrowserSession):
        acting = update(table).where(table.account_id == account.id, table.role == role)
        await session.execute(acting.values(role=None))
    await session.execute(delete(PushSubscription).where(PushSubscription.account_id == account.id))


async def check_may_leave(session: AsyncSession, account: Account) -> None:
    """Raise LastAdministrator when the account is the only active administrator."""
    if Role.ADMINISTRATOR in account.roles:
        await require_other_administrator(session)


async def require_other_administrator(session: AsyncSession) -> None:
    """Raise LastAdministrator when fewer than two are active. Locks them first: of the last two only one can leave."""
    await lock_administrators(session)
    active = select(func.count()).where(queries.has_role(Role.ADMINISTRATOR), Account.suspended_at.is_(None))
    if (await session.scalar(active) or 0) <= 1:
        raise LastAdministrator


async def lock_administrators(session: AsyncSession) -> None:
    """Lock all administrators' rows in a fixed order, before any other row, to avoid deadlocks."""
    await session.flush()
    all_ = select(Account.id).where(queries.has_role(Role.ADMINISTRATOR)).order_by(Account.id)
    await session.execute(all_.with_for_update())


async def switch(session: AsyncSession, chat_id: int, role: Role, at: datetime) -> Actor:
    """Set the active role of this chat. Raises NotLinked, NotFound (not held) or StaleAction (active already)."""
    link = await session.get(ChatLink, chat_id)
    if link is None:
        raise NotLinked
    authorize(actor_of(link.account, link.role), Permission.SWITCH_ROLE)
    if role not in link.account.roles:
        raise NotFound
    if role is actor_of(link.account, link.role).role:
        raise StaleAction
    link.role = role
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)
    actor = actor_of(link.account, role)
    await record(session, actor, AuditEvent(Permission.SWITCH_ROLE, "account", link.account_id, reason=role), at)
    return actor


async def other_role_for(session: AsyncSession, actor: Actor, operation: Operation, scan_id: int | None) -> Role | None:
    """Another role of this person in which the operation on this scan is permitted; None when there is none."""
    for role in actor.roles:
        if role is actor.role or role not in GRANTS[operation]:
            continue
        if scan_id is None or await queries.is_permitted(session, scan_id, actor._replace(role=role), operation):
            return role
    return None
