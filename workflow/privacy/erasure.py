"""Erasure of an account in stages: records are sealed until their retention ends, then their key is destroyed."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, cast, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.crypto.keys import DATA_KEYS, WrappedKey
from models.tables.accounts import Account, Invite, PatientFacts, VoiceNote
from models.tables.amendments import Amendment, AmendmentState
from models.tables.chats import Card
from models.tables.codes import Code, CredentialChange
from models.tables.deliveries import Delivery, DeliveryEvent
from models.tables.desk import Ticket, TicketMessage, TicketState, UrgencyQuestion
from models.tables.jobs import Job
from models.tables.model_watch import ReadAhead, ShadowFinding
from models.tables.proxies import Proxy, patients_of
from models.tables.readings import ReadingPresets, ReadingVersion
from models.tables.scans import AiFinding, CriticalResult, Prescription, Reading, Report, Scan
from models.vocabulary import Role, ScanStatus, Sex
from workflow.accounts import logins
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.chats import phones
from workflow.accounts.files import proxies
from workflow.accounts.sessions import sign_out
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import AuditEvent, record
from workflow.desk import tickets
from workflow.errors import NamedOnReports
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Permission, authorize
from workflow.privacy import overview
from workflow.scans import queries

BLANK_CODE: Final = {"chat_id": 0, "email": "", "asking_chat_id": None, "asking_label": None}


class ErasureStage(StrEnum):
    """How far an erasure can proceed for now."""

    WAITING = "waiting"  # a scan is in progress: its report must still reach the patient
    CLOSED = "closed"  # sign-in is disabled; reports stay sealed until their retention ends
    ERASED = "erased"


class ErasureProgress(NamedTuple):
    """The stage, the end of the retention, and the ids of open scans."""

    stage: ErasureStage
    until: datetime | None = None
    scans: Sequence[int] = ()


async def preview(session: AsyncSession, actor: Actor, retention: timedelta, at: datetime) -> ErasureProgress:
    """The progress that a request would make now; changes nothing.

    Raises NamedOnReports for staff and for signers of other people's reports."""
    authorize(actor, Permission.ERASE_SELF)
    assert actor.account_id is not None
    if set((await session.get_one(Account, actor.account_id)).roles) & set(STAFF):
        raise NamedOnReports
    changed = (Amendment.doctor_id, Amendment.administrator_id)
    prescribed = (Prescription.pharmacist_id, Prescription.countersigned_by)
    read = (Reading.doctor_id, ReadingVersion.doctor_id, CriticalResult.doctor_id)
    signed = (*read, *prescribed, Scan.released_by, *changed)
    for column in signed:
        if await session.scalar(select(func.count()).where(column == actor.account_id)):
            raise NamedOnReports
    return await _progress(session, actor.account_id, retention, at)


async def request_erasure(
    session: AsyncSession, actor: Actor, current_chat: int, retention: timedelta, at: datetime
) -> ErasureProgress:
    """Record the request and begin. The caller has checked the password; `current_chat` stays signed in.

    Raises like `preview`."""
    await preview(session, actor, retention, at)
    account = await lock_account(session, actor.account_id)
    account.erasure_asked_at = account.erasure_asked_at or at
    await record(session, actor, AuditEvent("forget", "account", account.id, account.id), at)
    await _delete_unprotected(session, account, at, current_chat)
    return await continue_erasure(session, account, retention, at)


async def continue_erasure(
    session: AsyncSession, account: Account, retention: timedelta, at: datetime
) -> ErasureProgress:
    """Proceed as far as is allowed now. Idempotent."""
    progress = await _progress(session, account.id, retention, at)
    if progress.stage is not ErasureStage.WAITING and account.closed_at is None:
        await _close_account(session, account, at)
    if progress.stage is ErasureStage.ERASED and account.erased_at is None:
        await _erase_account(session, account, at)
    return progress


async def destroyed_keys(session: AsyncSession) -> Sequence[str]:
    """Ids of the data keys of all erased accounts."""
    ids = select(Account.key_id).where(Account.erased_at.is_not(None), Account.key_id.is_not(None))
    return [str(key_id) for key_id in await session.scalars(ids)]


async def repeat_erasures(session: AsyncSession, key_ids: Collection[str], at: datetime) -> int:
    """After a restore, erase the accounts with these data keys again; returns how many. Idempotent."""
    alive = select(Account.id, Account.key_id).where(Account.erased_at.is_(None), Account.key_id.is_not(None))
    again = [row.id for row in await session.execute(alive) if row.key_id in key_ids]
    for account_id in again:
        account = await lock_account(session, account_id)
        account.erasure_asked_at = account.erasure_asked_at or at
        if account.closed_at is None:
            await _close_account(session, account, at)
        await _erase_account(session, account, at)
    return len(again)


async def lock_account(session: AsyncSession, account_id: int | None) -> Account:
    """The account's current row, locked for writing until this transaction ends."""
    row = select(Account).where(Account.id == account_id).with_for_update(of=Account)
    return (await session.scalars(row.execution_options(populate_existing=True))).one()


async def accounts_to_erase(session: AsyncSession) -> Sequence[int]:
    """Accounts with an open request. An account that got a staff role since then is left out."""
    requested = select(Account.id).where(Account.erasure_asked_at.is_not(None), Account.erased_at.is_(None))
    requested = requested.where(Account.role == Role.PATIENT, ~Account.additional_roles.any())
    return (await session.scalars(requested.order_by(Account.id))).all()


async def _progress(session: AsyncSession, account_id: int, retention: timedelta, at: datetime) -> ErasureProgress:
    own = Scan.patient_id == account_id
    in_progress = select(Scan.id).where(own, Scan.status.not_in((ScanStatus.REPORT_READY, ScanStatus.REJECTED)))
    amending = select(Amendment.scan_id).join(Scan, Scan.id == Amendment.scan_id)
    amending = amending.where(own, Amendment.state.in_((AmendmentState.PROPOSED, AmendmentState.APPROVED)))
    scans = sorted({*await session.scalars(in_progress), *await session.scalars(amending)})
    if scans:
        return ErasureProgress(ErasureStage.WAITING, scans=scans)
    until = await overview.retained_until(session, account_id, retention)
    return ErasureProgress(ErasureStage.CLOSED, until) if until and until > at else ErasureProgress(ErasureStage.ERASED)


async def _delete_unprotected(
    session: AsyncSession, account: Account, at: datetime, current_chat: int | None = None
) -> None:
    """Delete what is not retained: phone number, conversations and all chats except `current_chat`."""
    if account.password_hash is not None or current_chat is None:  # until it is closed, the proof of identity stays
        await phones.store_phone(session, account, None)
    chats = await queries.chats_of_account(session, account.id)
    await _delete_conversations(session, account.id, chats, at)
    for chat_id in chats:
        if chat_id != current_chat:
            await _delete_chat(session, chat_id, at)


async def _delete_conversations(session: AsyncSession, account_id: int, chats: Sequence[int], at: datetime) -> None:
    own = select(Ticket).where(or_(Ticket.account_id == account_id, Ticket.chat_id.in_(chats)))
    for ticket in await session.scalars(own):
        if ticket.state is TicketState.CLAIMED:
            tickets.notify_withdrawn(session, ticket, at)
        words = select(TicketMessage.id).where(TicketMessage.ticket_id == ticket.id)
        await session.execute(delete(VoiceNote).where(VoiceNote.words_id.in_(words)))
        await session.execute(delete(TicketMessage).where(TicketMessage.ticket_id == ticket.id))
        ticket.chat_id, ticket.account_id, ticket.account = 0, None, None
        ticket.state, ticket.closed_at = TicketState.CLOSED, ticket.closed_at or at
    asked = or_(UrgencyQuestion.account_id == account_id, UrgencyQuestion.chat_id.in_(chats))
    await session.execute(delete(UrgencyQuestion).where(asked))


async def _delete_chat(session: AsyncSession, chat_id: int, at: datetime) -> None:
    await sign_out(session, chat_id, at)
    await session.execute(delete(Delivery).where(Delivery.key.endswith(f":{chat_id}"), Delivery.report_id.is_(None)))
    of_chat = cast(Job.payload["chat_id"].as_string(), BigInteger) == chat_id
    await session.execute(delete(Job).where(Job.ended_at.is_not(None), of_chat))
    codes = update(Code).where(or_(Code.chat_id == chat_id, Code.asking_chat_id == chat_id))
    await session.execute(codes.values(**BLANK_CODE, used_at=func.coalesce(Code.used_at, at)))


async def _close_account(session: AsyncSession, account: Account, at: datetime) -> None:
    """Disable sign-in and seal the identity for the reports that must be retained."""
    chats = await queries.chats_of_account(session, account.id)
    await _delete_unprotected(session, account, at)
    codes = update(Code).where(or_(Code.account_id == account.id, Code.email == account.email))
    await session.execute(codes.values(**BLANK_CODE, used_at=func.coalesce(Code.used_at, at)))
    await browsers.end_all(session, account.id, at)
    await logins.delete_throttles(session, chats, account.email)
    if account.email is not None:
        await session.execute(update(Invite).where(Invite.email == account.email).values(email=""))
    born = account.date_of_birth
    for table in (CredentialChange, PatientFacts, ReadingPresets):
        await session.execute(delete(table).where(table.account_id == account.id))
    either = or_(Proxy.patient_id == account.id, Proxy.proxy_id == account.id)
    dependants = (await session.scalars(patients_of(account.id))).all()
    await session.execute(delete(Proxy).where(either))
    for patient_id in dependants:
        await proxies.fall_to_desk(session, patient_id, at)
    account.identity = {"name": account.name, "sex": account.sex, "date_of_birth": born and born.isoformat()}
    account.email, account.password_hash = f"{account.id}@forgotten.invalid", ""
    _clear_identity(account)
    account.closed_at = at
    await record(session, SYSTEM, AuditEvent("close", "account", account.id, account.id), at)
    await session.flush()


def _clear_identity(account: Account) -> None:
    account.name, account.date_of_birth, account.sex = "", None, Sex.UNKNOWN


async def _erase_account(session: AsyncSession, account: Account, at: datetime) -> None:
    """Destroy the data key and delete the unencrypted rest; a job deletes the files."""
    scans = (await session.scalars(select(Scan.id).where(Scan.patient_id == account.id))).all()
    for card in await session.scalars(select(Card).where(Card.scan_id.in_(scans))):
        enqueue(session, JobKind.REMOVE_MESSAGE, at, chat_id=card.chat_id, message_id=card.message_id)
        await session.delete(card)
    blank: dict[str, Any] = {"label": None, "confidence": 0.0, "abnormal": 0.0, "probabilities": {}, "distance": None}
    blank |= {"uncertain": True, "doubts": [], "adjustments": [], "heart": None}
    await session.execute(update(AiFinding).where(AiFinding.scan_id.in_(scans)).values(**blank))
    await session.execute(update(Reading).where(Reading.scan_id.in_(scans)).values(agrees=None, compared=None))
    untimed = {"media_group_id": None, "stat_at": None, "late_notified": None}
    await session.execute(update(Scan).where(Scan.id.in_(scans)).values(**untimed))
    await session.execute(update(ReadAhead).where(ReadAhead.scan_id.in_(scans)).values(result=None))
    await session.execute(update(VoiceNote).where(VoiceNote.scan_id.in_(scans)).values(seconds=0))
    for table in (ShadowFinding, CriticalResult, ReadingVersion):
        await session.execute(delete(table).where(table.scan_id.in_(scans)))
    reports = select(Report.id).where(Report.scan_id.in_(scans))
    sent = select(Delivery.key).where(Delivery.report_id.in_(reports))
    await session.execute(delete(DeliveryEvent).where(DeliveryEvent.key.in_(sent)))
    await session.execute(delete(Delivery).where(Delivery.report_id.in_(reports)))
    _clear_identity(account)
    account.identity, account.erased_at = None, at
    await session.execute(delete(WrappedKey).where(WrappedKey.id == account.key_id))
    session.info.pop(DATA_KEYS, None)
    await record(session, SYSTEM, AuditEvent("erase", "account", account.id, account.id), at)
    enqueue(session, JobKind.DELETE_FILES, at, account_id=account.id)
