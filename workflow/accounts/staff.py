"""Staff changes by an administrator, each confirmed with a one-time code."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink
from models.tables.codes import Change, Code, Purpose
from models.vocabulary import Role
from workflow.accounts import invitations, roles
from workflow.accounts.codes import Verdict, latest_code, send_code, verify_code
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.credentials import changes
from workflow.desk import tickets
from workflow.errors import NotFound
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Permission, authorize


class StaffChange(StrEnum):
    """A change of a staff account. The values are stored in audit rows and forms."""

    SUSPEND = "suspend"
    RESTORE = "restore"
    VOUCH = "vouch"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    ADMINISTRATOR = "administrator"
    NOT_DOCTOR = "not_doctor"
    NOT_PHARMACIST = "not_pharmacist"
    NOT_ADMINISTRATOR = "not_administrator"


GRANTED: Final = {StaffChange(role.value): role for role in STAFF}
REVOKED: Final = {StaffChange(f"not_{role}"): role for role in STAFF}
ENDS_ADMINISTRATOR: Final = frozenset((StaffChange.SUSPEND, StaffChange.NOT_ADMINISTRATOR))
NOT_BY_A_NEW_ONE: Final = ENDS_ADMINISTRATOR | {StaffChange.VOUCH}


class PlannedChange(NamedTuple):
    """The account, the change, and the registration number for a role that has one."""

    account_id: int
    change: StaffChange
    number: str | None = None


async def staff_member(session: AsyncSession, actor: Actor, account_id: int) -> Account:
    """An account with a staff role, suspended or not, locked for writing. Raises NotFound, also for a patient's."""
    authorize(actor, Permission.MANAGE_STAFF)
    account = await session.get(Account, account_id, with_for_update=True)
    if account is None or account.role is Role.PATIENT:
        raise NotFound
    return account


def possible_changes(session: AsyncSession, actor: Actor, account: Account, at: datetime) -> list[StaffChange]:
    """The changes that the account's state allows: suspend, or grant or revoke one role; restore when suspended.

    For a new administrator vouches any other than the one who made them administrator."""
    if account.suspended_at is not None:
        return [StaffChange.RESTORE]
    by_other = actor.account_id not in {account.id, account.administrator_by}
    vouch = [StaffChange.VOUCH] if by_other and roles.is_new_administrator(session, account, at) else []
    grants = [change for change, role in GRANTED.items() if role not in account.roles]
    return [
        *vouch,
        StaffChange.SUSPEND,
        *grants,
        *(change for change, role in REVOKED.items() if role in account.roles),
    ]


def needs_registration_number(change: StaffChange) -> bool:
    """Whether the granted role has a professional registration number."""
    return GRANTED.get(change) in roles.REGISTERED_ROLES


async def request_code(session: AsyncSession, actor: Actor, plan: PlannedChange, chat_id: int, at: datetime) -> Code:
    """Send the administrator a code bound to this change and to the account's current state.

    Raises NotFound, LastAdministrator, or like `send_code`."""
    await roles.lock_administrators(session)
    account = await staff_member(session, actor, plan.account_id)
    await _check(session, actor, account, plan, at)
    own = await session.get_one(Account, actor.account_id)
    code = Code(purpose=Purpose.STAFF, chat_id=chat_id, email=own.email, language=own.language, account_id=own.id)
    code.content_sha256 = _fingerprint(account, plan)
    return await send_code(session, code, at)


async def confirm(
    session: AsyncSession, actor: Actor, plan: PlannedChange, typed: str, key: bytes, at: datetime
) -> Verdict:
    """Verify the code, then apply the change. A code for another change or another account state is spent."""
    await roles.lock_administrators(session)
    account = await staff_member(session, actor, plan.account_id)
    code = await latest_code(session, Purpose.STAFF, Code.account_id == actor.account_id)
    fits = code is not None and code.content_sha256 == _fingerprint(account, plan)
    verdict = await verify_code(session, code, typed, key, at) if fits else Verdict.SPENT
    outcome = Outcome.OK if verdict is Verdict.RIGHT else Outcome.REFUSED
    if verdict is Verdict.RIGHT:
        await _check(session, actor, account, plan, at)
        await _apply(session, actor, account, plan, at)
        if plan.change in ENDS_ADMINISTRATOR:
            await invitations.revoke_invites(session, actor, account, at)
    await record(session, actor, AuditEvent(f"staff:{plan.change}", "account", account.id, outcome=outcome), at)
    return verdict


async def _check(session: AsyncSession, actor: Actor, account: Account, plan: PlannedChange, at: datetime) -> None:
    """Raise NotFound for a change that is not possible, LastAdministrator when no administrator would be left.

    Raises NewAdministrator where the actor is too short a time administrator."""
    if plan.change in NOT_BY_A_NEW_ONE:
        await roles.require_established(session, actor, at)
    possible = possible_changes(session, actor, account, at)
    if plan.change not in possible or needs_registration_number(plan.change) is (plan.number is None):
        raise NotFound
    if plan.change in ENDS_ADMINISTRATOR:
        await roles.check_may_leave(session, account)


async def _apply(session: AsyncSession, actor: Actor, account: Account, plan: PlannedChange, at: datetime) -> None:
    match change := plan.change:
        case StaffChange.SUSPEND:
            account.suspended_at = at
        case StaffChange.RESTORE:
            account.suspended_at = None
        case StaffChange.VOUCH:
            account.administrator_since = None
        case _ if change in GRANTED:
            roles.grant(account, GRANTED[change], plan.number, at, actor.account_id)
        case _:
            await roles.revoke(session, account, REVOKED[change])
    if plan.change is not StaffChange.VOUCH:
        await changes.note(session, account.id, Change.ROLE, at)
    if account.suspended_at is not None or account.role is Role.PATIENT:
        await tickets.release_tickets(session, account.id, at)
    for chat_id in await session.scalars(select(ChatLink.chat_id).where(ChatLink.account_id == account.id)):
        enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


def _fingerprint(account: Account, plan: PlannedChange) -> str:
    is_suspended = account.suspended_at is not None
    state = f"{account.id}|{','.join(sorted(account.roles))}|{is_suspended}|{plan.change}|{plan.number}"
    return sha256(state.encode()).hexdigest()
