"""Queries on the audit trail."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.audit import AuditRow
from workflow.audit.chain import AUDIT_CONTEXT, Outcome, pseudonym


class AuditFilter(NamedTuple):
    """Conditions on audit rows; None matches every row."""

    scan_id: int | None = None
    patient_id: int | None = None
    actor: str | None = None  # address of the actor, in lower case
    day: datetime | None = None  # its start
    act: str | None = None  # prefix of the act
    outcome: Outcome | None = None


UNFILTERED: Final = AuditFilter()


async def search(session: AsyncSession, limit: int = 15, filters: AuditFilter = UNFILTERED) -> Sequence[AuditRow]:
    """The latest rows that match the filter, newest first."""
    rows = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if filters.scan_id is not None:
        rows = rows.where(AuditRow.object_kind == "scan", AuditRow.object_id == str(filters.scan_id))
    if filters.outcome is not None:
        rows = rows.where(AuditRow.outcome == literal(filters.outcome.value, literal_execute=True))
    if filters.patient_id is not None:
        rows = rows.where(AuditRow.patient == pseudonym(session.info[AUDIT_CONTEXT].key, filters.patient_id))
    if filters.actor is not None:
        actor_id = select(Account.id).where(Account.email == filters.actor).scalar_subquery()
        rows = rows.where(AuditRow.actor_id == actor_id)
    if filters.day is not None:
        rows = rows.where(AuditRow.at >= filters.day, AuditRow.at < filters.day + timedelta(days=1))
    if filters.act is not None:
        rows = rows.where(AuditRow.act.startswith(filters.act, autoescape=True))
    return (await session.scalars(rows)).all()


async def newest_change(session: AsyncSession) -> int:
    """Number of the newest row that is no mere look; 0 where there is none."""
    acts = select(AuditRow.seq).where(~AuditRow.act.startswith("look:"))
    return await session.scalar(acts.order_by(AuditRow.seq.desc()).limit(1)) or 0


async def events_about(session: AsyncSession, patient_id: int) -> Sequence[AuditRow]:
    """The rows about one person's health data and account, newest first."""
    patient = AuditRow.patient == pseudonym(session.info[AUDIT_CONTEXT].key, patient_id)
    account = (AuditRow.object_kind == "account") & (AuditRow.object_id == str(patient_id))
    return (await session.scalars(select(AuditRow).where(patient | account).order_by(AuditRow.seq.desc()))).all()


async def all_events(session: AsyncSession) -> AsyncIterator[AuditRow]:
    """Every row, oldest first."""
    async for row in await session.stream_scalars(select(AuditRow).order_by(AuditRow.seq)):
        yield row
