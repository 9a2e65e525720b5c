"""The people concerned by a breach of data: those whose data was read or changed by somebody, within some time."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink
from models.tables.audit import AuditRow
from workflow.audit.chain import AUDIT_CONTEXT, AuditEvent, Outcome, pseudonym, record
from workflow.errors import NotFound
from workflow.reporting.release import patient_number


class Breach(NamedTuple):
    """The known facts of a breach; None limits nothing. `actor`: address of the account that was misused."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None

    @property
    def is_total(self) -> bool:
        """Whether everybody is concerned, as when a copy of the database was taken."""
        return self == Breach()


class Concerned(NamedTuple):
    """A person, how to reach them, and how often their data was read and changed, first and last when."""

    number: str
    name: str
    email: str | None
    phone: str | None
    has_chat: bool
    language: str
    looks: int
    acts: int
    first: datetime | None
    last: datetime | None


async def find_concerned(session: AsyncSession, breach: Breach, at: datetime) -> Sequence[Concerned]:
    """The people concerned, by their number. Erased people have no data left. The search is recorded.

    Raises NotFound for an unknown actor."""
    found = {row.patient: row for row in await session.execute(await _rows(session, breach))}
    key = session.info[AUDIT_CONTEXT].key
    chats = set(await session.scalars(select(ChatLink.account_id)))
    accounts = await session.scalars(select(Account).where(Account.erased_at.is_(None)).order_by(Account.id))
    people = [(account, found.get(pseudonym(key, account.id))) for account in accounts]
    await record(session, None, AuditEvent("list_concerned", "audit", "breach"), at)
    return [_person(one, row, one.id in chats) for one, row in people if row is not None or breach.is_total]


async def _rows(session: AsyncSession, breach: Breach) -> Select[tuple[str | None, int, int, datetime, datetime]]:
    """Looks, other acts, first and last time by the patient's pseudonym."""
    looks = func.sum(case((AuditRow.act.startswith("look:"), 1), else_=0))
    rows = select(
        AuditRow.patient, looks.label("looks"), func.count().label("total"), func.min(AuditRow.at).label("first"),
        func.max(AuditRow.at).label("last"),
    ).where(AuditRow.patient.is_not(None), AuditRow.outcome == Outcome.OK.value)  # fmt: skip
    if breach.since is not None:
        rows = rows.where(AuditRow.at >= breach.since)
    if breach.until is not None:
        rows = rows.where(AuditRow.at < breach.until)
    if breach.actor is not None:
        actor_id = await session.scalar(select(Account.id).where(Account.email == breach.actor.lower()))
        if actor_id is None:
            raise NotFound
        rows = rows.where(AuditRow.actor_id == actor_id)
    return rows.group_by(AuditRow.patient)


def _person(
    account: Account, row: Row[tuple[str | None, int, int, datetime, datetime]] | None, linked: bool
) -> Concerned:
    name = (account.identity or {}).get("name") or account.name
    reach = (patient_number(account.id), name, account.email, account.phone, linked, account.language)
    if row is None:
        return Concerned(*reach, 0, 0, None, None)
    return Concerned(*reach, row.looks, row.total - row.looks, row.first, row.last)
