"""Acting in a patient's place: relatives for their dependants, the desk for a walk-in."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink
from models.tables.proxies import Proxy, patients_of, with_desk
from models.vocabulary import Relation, Role
from workflow.actors import SYSTEM, Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.errors import NotFound
from workflow.jobs import JobKind, enqueue
from workflow.scans.queries import has_role


async def act_for(session: AsyncSession, actor: Actor, patient_id: int) -> Actor:
    """The patient's actor with this person as `proxy`; an administrator acts for any walk-in that nobody has claimed.

    Raises NotFound for a patient for whom the actor does not act, or whose account is closed."""
    if patient_id == actor.account_id and actor.role is Role.PATIENT:
        return actor
    if actor.role is Role.ADMINISTRATOR:
        acts = await session.scalar(with_desk(patient_id).limit(1)) is not None
    else:
        acts = await session.scalar(patients_of(actor.account_id).where(Proxy.patient_id == patient_id)) is not None
    account = await session.get(Account, patient_id) if acts else None
    if account is None or account.closed_at is not None:
        raise NotFound
    return in_place_of(actor, account)


def in_place_of(actor: Actor, account: Account) -> Actor:
    """The actor of a patient's account, in whose place this person acts."""
    return actor_of(account)._replace(role=Role.PATIENT, proxy=actor.person)


async def open_file(session: AsyncSession, actor: Actor, account: Account, relation: Relation) -> Actor:
    """Add a patient's account without credentials, for which the actor acts from now on."""
    session.add(account)
    await session.flush()
    assert actor.account_id is not None
    session.add(Proxy(patient_id=account.id, proxy_id=actor.account_id, relation=relation, since=account.created_at))
    await session.flush()
    return in_place_of(actor, account)


async def fall_to_desk(session: AsyncSession, patient_id: int, at: datetime) -> None:
    """Give a file that nobody can open any more to the desk, which serves it as a walk-in's; administrators are told.

    Files with a relative, a chat or a proof of identity of their own stay as they are, and closed ones. Recorded."""
    account = await session.get_one(Account, patient_id)
    acting = select(Proxy.patient_id).where(Proxy.patient_id == patient_id, Proxy.ended_at.is_(None))
    chat = select(ChatLink.account_id).where(ChatLink.account_id == patient_id)
    own = account.closed_at or account.password_hash or account.phone_hash
    if own or await session.scalar(acting.limit(1)) or await session.scalar(chat.limit(1)):
        return
    active = select(Account.id).where(has_role(Role.ADMINISTRATOR), Account.suspended_at.is_(None))
    desk = await session.scalar(active.order_by(Account.id).limit(1))
    if desk is None:
        return
    await session.merge(Proxy(patient_id=patient_id, proxy_id=desk, relation=Relation.DESK, since=at, ended_at=None))
    await session.flush()
    await record(session, SYSTEM, AuditEvent("file_to_desk", "account", patient_id, patient_id), at)
    enqueue(session, JobKind.NOTIFY_FILE_AT_DESK, at, account_id=patient_id, since=at.isoformat())
