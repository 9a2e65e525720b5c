"""A scan's story: the scan, what happened when, its report's versions and deliveries, its rows of the record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from bot.services import Services
from bot.web.shared.session import acting
from models.tables.audit import AuditRow
from models.tables.deliveries import Delivery
from models.tables.scans import Report, Scan
from workflow.actors import Actor
from workflow.audit import chain, search
from workflow.audit.chain import AuditEvent
from workflow.permissions import GRANTS, Permission
from workflow.reporting import deliveries
from workflow.scans import queries
from workflow.transitions import WAITS_FOR

MAX_ROWS: Final = 200  # of the record


class Happened(NamedTuple):
    """One moment of a scan; `name` completes the key `web.happened_…`."""

    at: datetime
    name: str
    by: str = ""


class Story(NamedTuple):
    """`rows` is empty for those who may not search the record."""

    scan: Scan
    happened: Sequence[Happened]
    versions: Sequence[Report]
    deliveries: Sequence[Delivery]
    rows: Sequence[AuditRow]


async def read(services: Services, actor: Actor, number: int) -> Story:
    """The story of the scan with this number. Opening it is recorded. Raises NotFound outside the actor's scope."""
    sees_record = actor.role in GRANTS[Permission.SEE_AUDIT]
    async with acting(services) as session:
        scan = await queries.scan_for(session, number, actor, Permission.SEE_HISTORY)
        await chain.record_read(session, actor, scan, "story", services.now())
        if sees_record:
            looked = AuditEvent("look:audit", "audit", "scan_id")
            await chain.record(session, actor, looked, services.now())
        versions = await queries.report_versions(session, scan)
        sent = await deliveries.of_reports(session, [report.id for report in versions])
        filters = search.AuditFilter(scan_id=scan.id)
        rows: Sequence[AuditRow] = await search.search(session, MAX_ROWS, filters) if sees_record else ()
    return Story(scan, _happened(scan), versions, sent, rows)


def may_claim(scan: Scan, actor: Actor) -> bool:
    """Whether the scan waits for the actor's role."""
    return WAITS_FOR.get(scan.status) is actor.role and scan.released_at is None


def _happened(scan: Scan) -> list[Happened]:
    """The moments that the scan's own rows know, oldest first."""
    moments = [Happened(scan.created_at, "arrived")]
    if scan.finding is not None:
        moments.append(Happened(scan.finding.created_at, "analysed"))
    if scan.reading is not None and scan.reading.signed_at is not None:
        moments.append(Happened(scan.reading.signed_at, "signed", scan.reading.doctor.name))
    if scan.prescription is not None and scan.prescription.completed_at is not None:
        moments.append(Happened(scan.prescription.completed_at, "completed", scan.prescription.pharmacist.name))
    if scan.released_at is not None:
        moments.append(Happened(scan.released_at, "released", scan.releaser.name if scan.releaser else ""))
    return sorted(moments, key=lambda one: one.at)
