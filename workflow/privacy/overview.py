"""Overview for a person: stored data, accesses, consents and retention."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, BrowserSession, ChatLink, Consent
from models.tables.audit import AuditRow
from models.tables.deliveries import Delivery
from models.tables.desk import Ticket, TicketMessage
from models.tables.scans import Prescription, Report, Scan
from workflow.accounts.browsers import sessions as browsers
from workflow.actors import Actor
from workflow.audit import search
from workflow.permissions import Permission, authorize


class StoredData(NamedTuple):
    """Counts by kind; no health data."""

    phone: bool
    scans: int
    reports: int
    prescriptions: int
    talks: int
    words: int
    chats: int
    deliveries: int


class Overview(NamedTuple):
    """The content of /privacy. `until`: end of the newest report's retention; None without a report."""

    stored: StoredData
    events: Sequence[AuditRow]
    consents: Sequence[Consent]
    until: datetime | None


async def privacy_overview(session: AsyncSession, actor: Actor, retention: timedelta) -> Overview:
    """The overview of the actor's own data."""
    authorize(actor, Permission.SEE_PRIVACY)
    assert actor.account_id is not None
    return Overview(
        await _count_stored(session, actor.account_id),
        await search.events_about(session, actor.account_id),
        await consents(session, actor.account_id),
        await retained_until(session, actor.account_id, retention),
    )


async def consents(session: AsyncSession, account_id: int) -> Sequence[Consent]:
    """The consents of an account, oldest first."""
    given = select(Consent).where(Consent.account_id == account_id).order_by(Consent.given_at)
    return (await session.scalars(given)).all()


async def signed_in(session: AsyncSession, account_id: int) -> Sequence[ChatLink | BrowserSession]:
    """The chats and browsers of an account."""
    own = select(ChatLink).where(ChatLink.account_id == account_id).order_by(ChatLink.created_at)
    return [*await session.scalars(own), *await browsers.of_account(session, account_id)]


async def retained_until(session: AsyncSession, account_id: int, retention: timedelta) -> datetime | None:
    """The end of the retention of the account's newest report; None without a report.

    The Indian Medical Council (Professional Conduct, Etiquette and Ethics) Regulations, 2002, number 1.3.1, require
    physicians to keep records for three years from the start of the treatment; the Limitation Act, 1963, gives a
    patient three years to sue. Both are minimum periods: `retention` counts from the newest version of a report, and
    a hospital whose state requires more sets more."""
    newest = select(func.max(Report.created_at)).join(Scan, Scan.id == Report.scan_id)
    issued: datetime | None = await session.scalar(newest.where(Scan.patient_id == account_id))
    return issued and issued + retention


async def _count_stored(session: AsyncSession, account_id: int) -> StoredData:
    own = Scan.patient_id == account_id
    reports = select(func.count()).select_from(Report).join(Scan, Scan.id == Report.scan_id).where(own)
    prescribed = select(func.count()).select_from(Prescription).join(Scan, Scan.id == Prescription.scan_id).where(own)
    sent = select(func.count()).select_from(Delivery).join(Report, Report.id == Delivery.report_id)
    messages = select(func.count()).select_from(TicketMessage).join(Ticket, Ticket.id == TicketMessage.ticket_id)
    counts = {
        "scans": _count(own),
        "reports": reports,
        "prescriptions": prescribed,
        "talks": _count(Ticket.account_id == account_id),
        "words": messages.where(Ticket.account_id == account_id),
        "chats": _count(ChatLink.account_id == account_id),
        "deliveries": sent.join(Scan, Scan.id == Report.scan_id).where(own),
    }
    counted = {name: await session.scalar(count) or 0 for name, count in counts.items()}
    account = await session.get_one(Account, account_id)
    return StoredData(phone=account.phone is not None, **counted)


def _count(condition: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(func.count()).where(condition)
