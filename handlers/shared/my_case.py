"""FAQ answers from the person's own case: a patient's scans, a staff member's queue."""

from collections.abc import Sequence
from typing import Final

from faq.entries import Topic
from handlers.shared.worklist import own_queue
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.keyboards import Buttons
from handlers.ui.texts import Html, Texts
from handlers.views.rejection import rejection_line, rejection_reason, stage_text
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from workflow.actors import Actor
from workflow.permissions import Permission, authorize
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork

CASE_TOPICS: Final = frozenset({Topic.STATUS, Topic.REPORT})  # topics about the person's own scans
MAX_SCANS: Final = 3


async def own_case(uow: UnitOfWork, actor: Actor, texts: Texts) -> tuple[Html, Buttons]:
    """The state of the patient's scans, or the queue of the staff member's role."""
    if is_staff(actor):
        authorize(actor, Permission.SEE_QUEUE)
        view = await own_queue(uow, actor, texts)
        return view.text, [*view.scans, *view.filters, *view.turns]
    async with uow.read() as session:
        scans = await queries.own_scans(session, actor, limit=MAX_SCANS)
    if not scans:
        return texts("scans.none"), []
    lines = [texts("scans.head"), *(_scan_line(scan, texts) for scan in scans)]
    return Html("\n\n".join(lines)), _scan_buttons(scans, texts)


def is_staff(actor: Actor | None) -> bool:
    return actor is not None and actor.role is not Role.PATIENT


def _scan_line(scan: Scan, texts: Texts) -> Html:
    line = texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=stage_text(scan, texts))
    rejected = scan.status is ScanStatus.REJECTED
    then = rejection_line(scan, texts, rejection_reason(scan, texts)) if rejected else texts(f"wait.{scan.status}")
    return Html(f"{line}\n{then}")


def _scan_buttons(scans: Sequence[Scan], texts: Texts) -> Buttons:
    ready = [scan for scan in scans if scan.status is ScanStatus.REPORT_READY][:1]
    reports: Buttons = [
        (f"{texts.plain('button.report')} #{s.id}", OnCard(action=CardAction.REPORT, scan_id=s.id)) for s in ready
    ]
    return reports + [(f"#{scan.id}", OnCard(action=CardAction.OPEN, scan_id=scan.id)) for scan in scans]
