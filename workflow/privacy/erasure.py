"""Forgetting a person: what may go goes at once, the rest as soon as it may; in the end their key is destroyed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, cast, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.crypto.keys import SECRETS, DataKey
from models.tables.amendments import Amendment, AmendmentState
from models.tables.chats import Card
from models.tables.codes import Code
from models.tables.desk import Ticket, TicketState, TicketWords
from models.tables.jobs import Delivery, DeliveryEvent, Job
from models.tables.people import Account, Role, Sex
from models.tables.quality import SilentFinding
from models.tables.scans import Critical, Finding, Prescription, Reading, Report, Scan, Status
from workflow.accounts import logins
from workflow.accounts.registration import unlink
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import Entry, note
from workflow.desk import tickets
from workflow.errors import NamedOnReports
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Verb, allow
from workflow.privacy import overview
from workflow.scans import queries


class Stage(StrEnum):
    """How far the wish to be forgotten gets for now."""

    WAITING = "waiting"  # a scan is at work: report and urgent news must still reach the patient
    CLOSED = "closed"  # nobody can sign in; a report lies sealed until it may go
    ERASED = "erased"


class Progress(NamedTuple):
    stage: Stage
    until: datetime | None = None
    scans: Sequence[int] = ()


async def outlook(session: AsyncSession, actor: Actor, keep: timedelta, at: datetime) -> Progress:
    """What the wish would come to now; changes nothing.

    Raises NamedOnReports for who works here, or has signed other people's reports."""
    allow(actor, Verb.FORGET_SELF)
    assert actor.account_id is not None
    if set((await session.get_one(Account, actor.account_id)).roles) & set(STAFF):
        raise NamedOnReports
    changed = (Amendment.doctor_id, Amendment.administrator_id)
    signed = (Reading.doctor_id, Critical.doctor_id, Prescription.pharmacist_id, Scan.released_by, *changed)
    for column in signed:
        if await session.scalar(select(func.count()).where(column == actor.account_id)):
            raise NamedOnReports
    return await _outlook(session, actor.account_id, keep, at)


async def ask(session: AsyncSession, actor: Actor, here: int, keep: timedelta, at: datetime) -> Progress:
    """The person's own word; the caller has checked the password."""
    await outlook(session, actor, keep, at)
    account = await hold(session, actor.account_id)
    account.erasure_asked_at = account.erasure_asked_at or at
    await note(session, actor, Entry("forget", "account", account.id, account.id), at)
    await _let_go(session, account, at, here)
    return await go_on(session, account, keep, at)


async def go_on(session: AsyncSession, account: Account, keep: timedelta, at: datetime) -> Progress:
    """As far as it may get now; safe to repeat."""
    progress = await _outlook(session, account.id, keep, at)
    if progress.stage is not Stage.WAITING and account.closed_at is None:
        await _close(session, account, at)
    if progress.stage is Stage.ERASED and account.erased_at is None:
        await _erase(session, account, at)
    return progress


async def hold(session: AsyncSession, account_id: int | None) -> Account:
    held = select(Account).where(Account.id == account_id).with_for_update(of=Account)
    return (await session.scalars(held.execution_options(populate_existing=True))).one()


async def due(session: AsyncSession) -> Sequence[int]:
    """Patients who asked and are not forgotten yet; who has come to work here meanwhile stays."""
    asked = select(Account.id).where(Account.erasure_asked_at.is_not(None), Account.erased_at.is_(None))
    asked = asked.where(Account.role == Role.PATIENT, ~Account.held.any())
    return (await session.scalars(asked.order_by(Account.id))).all()


async def _outlook(session: AsyncSession, account_id: int, keep: timedelta, at: datetime) -> Progress:
    mine = Scan.patient_id == account_id
    at_work = select(Scan.id).where(mine, Scan.status.not_in((Status.REPORT_READY, Status.REJECTED)))
    changing = select(Amendment.scan_id).join(Scan, Scan.id == Amendment.scan_id)
    changing = changing.where(mine, Amendment.state.in_((AmendmentState.PROPOSED, AmendmentState.APPROVED)))
    scans = sorted({*await session.scalars(at_work), *await session.scalars(changing)})
    if scans:
        return Progress(Stage.WAITING, scans=scans)
    until = await overview.kept_until(session, account_id, keep)
    return Progress(Stage.CLOSED, until) if until and until > at else Progress(Stage.ERASED)


async def _let_go(session: AsyncSession, account: Account, at: datetime, here: int | None = None) -> None:
    """What nothing keeps: telephone, conversations, and every chat; but for one `here`, in which the wish was said."""
    account.phone = None
    chats = await queries.chats_of_account(session, account.id)
    await _forget_talks(session, account.id, chats, at)
    for chat_id in chats:
        if chat_id != here:
            await _forget_chat(session, chat_id, at)


async def _forget_talks(session: AsyncSession, account_id: int, chats: Sequence[int], at: datetime) -> None:
    mine = select(Ticket).where(or_(Ticket.account_id == account_id, Ticket.chat_id.in_(chats)))
    for ticket in await session.scalars(mine):
        if ticket.state is TicketState.CLAIMED:
            tickets.tell_left(session, ticket, at)
        await session.execute(delete(TicketWords).where(TicketWords.ticket_id == ticket.id))
        ticket.chat_id, ticket.account_id, ticket.account = 0, None, None
        ticket.state, ticket.closed_at = TicketState.CLOSED, ticket.closed_at or at


async def _forget_chat(session: AsyncSession, chat_id: int, at: datetime) -> None:
    await unlink(session, chat_id, at)
    await session.execute(delete(Delivery).where(Delivery.key.endswith(f":{chat_id}"), Delivery.report_id.is_(None)))
    named = cast(Job.payload["chat_id"].as_string(), BigInteger) == chat_id
    await session.execute(delete(Job).where(Job.ended_at.is_not(None), named))
    codes = update(Code).where(Code.chat_id == chat_id)
    await session.execute(codes.values(chat_id=0, email="", used_at=func.coalesce(Code.used_at, at)))


async def _close(session: AsyncSession, account: Account, at: datetime) -> None:
    """Nobody signs in as this person any more; who it was lies sealed, for the reports that must stay."""
    chats = await queries.chats_of_account(session, account.id)
    await _let_go(session, account, at)
    theirs = update(Code).where(or_(Code.account_id == account.id, Code.email == account.email))
    await session.execute(theirs.values(chat_id=0, email="", used_at=func.coalesce(Code.used_at, at)))
    await logins.forget(session, chats, account.email)
    born = account.date_of_birth
    account.identity = {"name": account.name, "sex": account.sex, "date_of_birth": born and born.isoformat()}
    account.email, account.password_hash = f"{account.id}@forgotten.invalid", ""
    _empty(account)
    account.closed_at = at
    await note(session, SYSTEM, Entry("close", "account", account.id, account.id), at)
    await session.flush()


def _empty(account: Account) -> None:
    account.name, account.date_of_birth, account.sex = "", None, Sex.UNKNOWN


async def _erase(session: AsyncSession, account: Account, at: datetime) -> None:
    """The key goes, and what lay beside it unsealed; how the person's files and old pages go is owed."""
    scans = (await session.scalars(select(Scan.id).where(Scan.patient_id == account.id))).all()
    for card in await session.scalars(select(Card).where(Card.scan_id.in_(scans))):
        enqueue(session, JobKind.REMOVE_MESSAGE, at, chat_id=card.chat_id, message_id=card.message_id)
        await session.delete(card)
    said: dict[str, Any] = {"label": None, "confidence": 0.0, "abnormal": 0.0, "probabilities": {}, "distance": None}
    said |= {"uncertain": True, "doubts": [], "adjustments": []}
    await session.execute(update(Finding).where(Finding.scan_id.in_(scans)).values(**said))
    await session.execute(update(Reading).where(Reading.scan_id.in_(scans)).values(agrees=None, compared=None))
    await session.execute(update(Scan).where(Scan.id.in_(scans)).values(media_group_id=None))
    for table in (SilentFinding, Critical):
        await session.execute(delete(table).where(table.scan_id.in_(scans)))
    reports = select(Report.id).where(Report.scan_id.in_(scans))
    sent = select(Delivery.key).where(Delivery.report_id.in_(reports))
    await session.execute(delete(DeliveryEvent).where(DeliveryEvent.key.in_(sent)))
    await session.execute(delete(Delivery).where(Delivery.report_id.in_(reports)))
    _empty(account)
    account.identity, account.erased_at = None, at
    await session.execute(delete(DataKey).where(DataKey.id == account.key_id))
    session.info.pop(SECRETS, None)
    await note(session, SYSTEM, Entry("erase", "account", account.id, account.id), at)
    enqueue(session, JobKind.CLEAR_AWAY, at, account_id=account.id)
