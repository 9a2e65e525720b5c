"""Who works here and as what: an administrator changes it, and confirms each change with a code of his own."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.codes import Code, Purpose
from models.tables.people import Account, Link, Role
from workflow.accounts import registration, roles
from workflow.accounts.codes import Verdict, judge, send_code
from workflow.actors import Actor
from workflow.audit.chain import Entry, Outcome, note
from workflow.desk import tickets
from workflow.errors import NotFound
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Verb, allow


class Change(StrEnum):
    SUSPEND = "suspend"
    RESTORE = "restore"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    ADMINISTRATOR = "administrator"
    NOT_DOCTOR = "not_doctor"
    NOT_PHARMACIST = "not_pharmacist"
    NOT_ADMINISTRATOR = "not_administrator"


GIVES: Final = {Change(role.value): role for role in STAFF}
TAKES: Final = {Change(f"not_{role}"): role for role in STAFF}
LEAVES: Final = frozenset((Change.SUSPEND, Change.NOT_ADMINISTRATOR))  # the administrators, if the person is one


class Plan(NamedTuple):
    """What shall be changed, and of whom; with a role that is registered somewhere, its number there."""

    account_id: int
    change: Change
    number: str | None = None


async def member(session: AsyncSession, actor: Actor, account_id: int) -> Account:
    """Somebody of the staff, suspended or not. A patient looks like nobody."""
    allow(actor, Verb.MANAGE_STAFF)
    account = await session.get(Account, account_id, with_for_update=True)
    if account is None or account.role is Role.PATIENT:
        raise NotFound
    return account


def possible(account: Account) -> list[Change]:
    """What an administrator may do with somebody as things stand: suspend, and give or take a single role."""
    if account.suspended_at is not None:
        return [Change.RESTORE]
    gives = [change for change, role in GIVES.items() if role not in account.roles]
    return [Change.SUSPEND, *gives, *(change for change, role in TAKES.items() if role in account.roles)]


def asks_number(change: Change) -> bool:
    """Whether the role that is given has a registration number."""
    return GIVES.get(change) in roles.NUMBERED


async def ask_code(session: AsyncSession, actor: Actor, plan: Plan, chat_id: int, at: datetime) -> Code:
    """Owe the administrator a code for exactly this change of exactly this person as he stands now."""
    await roles.hold_administrators(session)
    account = await member(session, actor, plan.account_id)
    await _check(session, account, plan)
    own = await session.get_one(Account, actor.account_id)
    code = Code(purpose=Purpose.STAFF, chat_id=chat_id, email=own.email, language=own.language, account_id=own.id)
    code.content_sha256 = _fingerprint(account, plan)
    return await send_code(session, code, at)


async def confirm(session: AsyncSession, actor: Actor, plan: Plan, typed: str, key: bytes, at: datetime) -> Verdict:
    """Judged before anything is changed; who has changed meanwhile, or another change, makes it a void code."""
    await roles.hold_administrators(session)
    account = await member(session, actor, plan.account_id)
    mine = select(Code).where(Code.purpose == Purpose.STAFF, Code.account_id == actor.account_id)
    code = await session.scalar(mine.order_by(Code.id.desc()).limit(1))
    fits = code is not None and code.content_sha256 == _fingerprint(account, plan)
    verdict = await judge(session, code, typed, key, at) if fits else Verdict.SPENT
    outcome = Outcome.OK if verdict is Verdict.RIGHT else Outcome.REFUSED
    if verdict is Verdict.RIGHT:
        await _check(session, account, plan)
        await _apply(session, account, plan, at)
        if plan.change in LEAVES:
            await registration.void_invites(session, actor, account, at)
    await note(session, actor, Entry(f"staff:{plan.change}", "account", account.id, outcome=outcome), at)
    return verdict


async def _check(session: AsyncSession, account: Account, plan: Plan) -> None:
    """Raises NotFound for what is not possible, LastAdministrator where nobody would be left."""
    if plan.change not in possible(account) or asks_number(plan.change) is (plan.number is None):
        raise NotFound
    if plan.change in LEAVES:
        await roles.may_leave(session, account)


async def _apply(session: AsyncSession, account: Account, plan: Plan, at: datetime) -> None:
    match change := plan.change:
        case Change.SUSPEND:
            account.suspended_at = at
        case Change.RESTORE:
            account.suspended_at = None
        case _ if change in GIVES:
            roles.give(account, GIVES[change], plan.number, at)
        case _:
            await roles.take(session, account, TAKES[change])
    if account.suspended_at is not None or account.role is Role.PATIENT:
        await tickets.give_back(session, account.id, at)
    for chat_id in await session.scalars(select(Link.chat_id).where(Link.account_id == account.id)):
        enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


def _fingerprint(account: Account, plan: Plan) -> str:
    is_suspended = account.suspended_at is not None
    stands = f"{account.id}|{','.join(sorted(account.roles))}|{is_suspended}|{plan.change}|{plan.number}"
    return sha256(stands.encode()).hexdigest()
