"""Corrections of a person's own data, recorded; a released report is amended by a doctor, never rewritten."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.codes import Change
from models.tables.scans import Scan
from models.vocabulary import ScanStatus, Sex
from workflow.accounts.chats import phones
from workflow.accounts.profile import account_by_email
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.credentials import changes
from workflow.errors import LoginFailed, StaleAction
from workflow.jobs import JobKind, enqueue

CORRECTABLE: Final = frozenset({"name", "date_of_birth", "sex"})  # what reports print


async def correct(
    session: AsyncSession, actor: Actor, field: str, value: str | date | Sex, at: datetime, estimated: bool = False
) -> None:
    """Correct name, birth date or sex; redraw the cards and tell the doctors of released reports.

    `estimated`: the birth date was counted from an age or a year alone.

    Raises StaleAction while a released report is being written, which states what was confirmed."""
    assert field in CORRECTABLE
    account = await session.get_one(Account, actor.account_id)
    scans = (await session.scalars(select(Scan).where(Scan.patient_id == account.id))).all()
    if any(scan.released_at is not None and scan.status is not ScanStatus.REPORT_READY for scan in scans):
        raise StaleAction
    is_birth = field == "date_of_birth"
    if getattr(account, field) == value and not (is_birth and account.birth_estimated != estimated):
        return
    setattr(account, field, value)
    if is_birth:
        account.birth_estimated = estimated
    for scan in scans:
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan.id)
    if await released_scans(session, account.id):
        enqueue(session, JobKind.NOTIFY_IDENTITY, at, account_id=account.id, on=at.isoformat())
    await record(session, actor, AuditEvent(f"correct:{field}", "account", account.id, account.id), at)


async def released_scans(session: AsyncSession, account_id: int) -> Sequence[Scan]:
    """The patient's scans with a report, oldest first."""
    ready = select(Scan).where(Scan.patient_id == account_id, Scan.status == ScanStatus.REPORT_READY)
    return (await session.scalars(ready.order_by(Scan.id))).all()


async def correct_phone(session: AsyncSession, actor: Actor, phone: str, chat_id: int, at: datetime) -> None:
    """Set the number that the person has shared as their own in this chat; the other chats are told."""
    account = await session.get_one(Account, actor.account_id)
    if account.phone is None:
        account.whatsapp = False  # another channel is another choice
    await phones.store_phone(session, account, phone)
    await changes.note(session, account.id, Change.PHONE, at, chat_id)
    await record(session, actor, AuditEvent("correct:phone", "account", account.id, account.id), at)


async def set_email(  # what opens the account, and the chat that is not told of it
    session: AsyncSession, actor: Actor, email: str, chat_id: int, at: datetime, password_hash: str | None = None
) -> None:
    """Set the address, which a mailed code has proved, and a first password; the other chats and the former
    address are told.

    Raises LoginFailed for a known address."""
    account = await session.get_one(Account, actor.account_id)
    if await account_by_email(session, email) not in {None, account}:
        raise LoginFailed
    former, account.email = account.email, email.lower()
    if account.password_hash is None:
        account.password_hash = password_hash
    await changes.note(session, account.id, Change.EMAIL, at, chat_id, former_email=former)
    await record(session, actor, AuditEvent("correct:email", "account", account.id, account.id), at)
