"""The roles that a person holds: several at once, and one of them acts in each chat."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.people import Account, HeldRole, Link, Role
from workflow.actors import Actor, actor_of
from workflow.audit.chain import Entry, note
from workflow.errors import LastAdministrator, NotFound, NotLinked, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import TABLE, Deed, Verb, allow
from workflow.scans import queries

NUMBERED: Final = frozenset((Role.DOCTOR, Role.PHARMACIST))  # their registration number is printed on the reports


def give(account: Account, role: Role, number: str | None, at: datetime) -> None:
    """One role more. A role of the staff comes before the patient, who the person stays as well."""
    if role in account.roles:
        return
    if account.role is Role.PATIENT:
        account.held.append(HeldRole(role=Role.PATIENT, since=at))
        account.role, account.registration_number = role, number
    else:
        account.held.append(HeldRole(role=role, registration_number=number, since=at))


async def take(session: AsyncSession, account: Account, role: Role) -> None:
    """One role less, in every chat at once; whoever holds no other is a patient. Raises LastAdministrator."""
    if role is Role.ADMINISTRATOR:
        await keep_one_administrator(session)
    staff = [one for one in account.held if one.role is not Role.PATIENT]
    if account.role is not role:
        account.held = [one for one in account.held if one.role is not role]
    elif staff:
        account.role, account.registration_number = staff[0].role, staff[0].registration_number
        account.held = [one for one in account.held if one is not staff[0]]
    else:
        account.role, account.registration_number, account.held = Role.PATIENT, None, []
    await session.execute(update(Link).where(Link.account_id == account.id, Link.role == role).values(role=None))


async def may_leave(session: AsyncSession, account: Account) -> None:
    """Raises LastAdministrator where nobody would be left to invite others."""
    if Role.ADMINISTRATOR in account.roles:
        await keep_one_administrator(session)


async def keep_one_administrator(session: AsyncSession) -> None:
    """Holds them all before it counts them, so that of the last two only one can leave."""
    await hold_administrators(session)
    left = select(func.count()).where(queries.holds(Role.ADMINISTRATOR), Account.suspended_at.is_(None))
    if (await session.scalar(left) or 0) <= 1:
        raise LastAdministrator


async def hold_administrators(session: AsyncSession) -> None:
    """All in the same order, and before anybody else is held: nobody waits in a circle."""
    await session.flush()
    all_ = select(Account.id).where(queries.holds(Role.ADMINISTRATOR)).order_by(Account.id)
    await session.execute(all_.with_for_update())


async def switch(session: AsyncSession, chat_id: int, role: Role, at: datetime) -> Actor:
    """Act in another of the person's roles in this chat from now on. One that is not held looks like none."""
    link = await session.get(Link, chat_id)
    if link is None:
        raise NotLinked
    allow(actor_of(link.account, link.role), Verb.SWITCH_ROLE)
    if role not in link.account.roles:
        raise NotFound
    if role is actor_of(link.account, link.role).role:
        raise StaleAction
    link.role = role
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)
    actor = actor_of(link.account, role)
    await note(session, actor, Entry(Verb.SWITCH_ROLE, "account", link.account_id, reason=role), at)
    return actor


async def other_for(session: AsyncSession, actor: Actor, deed: Deed, scan_id: int | None) -> Role | None:
    """The role of this person, besides the one that acts, in which he might do this with this scan."""
    for role in actor.roles:
        if role is actor.role or role not in TABLE[deed]:
            continue
        if scan_id is None or await queries.reaches(session, scan_id, actor._replace(role=role), deed):
            return role
    return None
