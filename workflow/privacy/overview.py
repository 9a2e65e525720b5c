"""What a person may know of themselves here: what is kept, who has looked or acted, and for how long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.audit import AuditRow
from models.tables.desk import Ticket, TicketWords
from models.tables.jobs import Delivery
from models.tables.people import Account, Consent, Link
from models.tables.scans import Prescription, Report, Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.permissions import Verb, allow


class Kept(NamedTuple):
    """Counts and kinds: no word of anybody's health."""

    phone: bool
    scans: int
    reports: int
    prescriptions: int
    talks: int
    words: int
    chats: int
    deliveries: int


class Overview(NamedTuple):
    """All that /privacy tells. `until`: how long the newest report stays, where there is one."""

    kept: Kept
    record: Sequence[AuditRow]
    consents: Sequence[Consent]
    until: datetime | None


async def overview(session: AsyncSession, actor: Actor, keep: timedelta) -> Overview:
    allow(actor, Verb.SEE_PRIVACY)
    assert actor.account_id is not None
    return Overview(
        await _kept(session, actor.account_id),
        await chain.about(session, actor.account_id),
        await consents(session, actor.account_id),
        await kept_until(session, actor.account_id, keep),
    )


async def consents(session: AsyncSession, account_id: int) -> Sequence[Consent]:
    given = select(Consent).where(Consent.account_id == account_id).order_by(Consent.given_at)
    return (await session.scalars(given)).all()


async def kept_until(session: AsyncSession, account_id: int, keep: timedelta) -> datetime | None:
    """The day on which the last of a person's reports may go; None where there is none.

    The Indian Medical Council (Professional Conduct, Etiquette and Ethics) Regulations, 2002, number 1.3.1, ask
    physicians to keep records for three years from the start of the treatment, and the Limitation Act, 1963, gives a
    patient three years to go to court; both are written for the shortest time. The setting counts from the last
    version of a report, and a clinic whose state asks for more sets more."""
    newest = select(func.max(Report.created_at)).join(Scan, Scan.id == Report.scan_id)
    issued: datetime | None = await session.scalar(newest.where(Scan.patient_id == account_id))
    return issued and issued + keep


async def _kept(session: AsyncSession, account_id: int) -> Kept:
    mine = Scan.patient_id == account_id
    reports = select(func.count()).select_from(Report).join(Scan, Scan.id == Report.scan_id).where(mine)
    prescribed = select(func.count()).select_from(Prescription).join(Scan, Scan.id == Prescription.scan_id).where(mine)
    sent = select(func.count()).select_from(Delivery).join(Report, Report.id == Delivery.report_id)
    said = select(func.count()).select_from(TicketWords).join(Ticket, Ticket.id == TicketWords.ticket_id)
    asked = {
        "scans": _count(mine),
        "reports": reports,
        "prescriptions": prescribed,
        "talks": _count(Ticket.account_id == account_id),
        "words": said.where(Ticket.account_id == account_id),
        "chats": _count(Link.account_id == account_id),
        "deliveries": sent.join(Scan, Scan.id == Report.scan_id).where(mine),
    }
    counted = {name: await session.scalar(count) or 0 for name, count in asked.items()}
    account = await session.get_one(Account, account_id)
    return Kept(phone=account.phone is not None, **counted)


def _count(condition: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(func.count()).where(condition)
