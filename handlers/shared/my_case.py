"""FAQ answers from the person's own case: a patient's scans, a staff member's queue."""

from collections.abc import Sequence
from typing import Final

from faq.entries import Topic
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.keyboards import Buttons, open_amendment
from handlers.ui.texts import Html, Texts
from handlers.views.cards import rejection_reason
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from workflow.actors import Actor
from workflow.model_watch import quality
from workflow.permissions import Permission, authorize
from workflow.reporting import amendments
from workflow.scans import queries, worklist
from workflow.scans.worklist import Priority
from workflow.unit_of_work import UnitOfWork

CASE_TOPICS: Final = frozenset({Topic.STATUS, Topic.REPORT})  # topics about the person's own scans
MAX_SCANS: Final = 3
MAX_WAITING: Final = 10  # scans of a queue
PRIORITY_MARKS: Final = {
    Priority.URGENT_WORDS: "🆘 ",
    Priority.CRITICAL: "🚨 ",
    Priority.RED: "🔴 ",
    Priority.WORDS_NOT_NOW: "❗ ",
    Priority.OVERDUE: "⏰ ",
}


async def own_case(uow: UnitOfWork, actor: Actor, texts: Texts) -> tuple[Html, Buttons]:
    """The state of the patient's scans, or the queue of the staff member's role."""
    if is_staff(actor):
        authorize(actor, Permission.SEE_QUEUE)
        return await own_queue(uow, actor.role, texts)
    async with uow.read() as session:
        scans = await queries.own_scans(session, actor, limit=MAX_SCANS)
    if not scans:
        return texts("scans.none"), []
    lines = [texts("scans.head"), *(_scan_line(scan, texts) for scan in scans)]
    return Html("\n\n".join(lines)), _scan_buttons(scans, texts)


async def own_queue(uow: UnitOfWork, role: Role, texts: Texts) -> tuple[Html, Buttons]:
    """The first scans and the amendments that wait for a role, each with its button, and how many there are."""
    async with uow.read() as session:
        places = await worklist.queue(session, role, uow.at, await quality.is_model_enabled(session))
        changes = await amendments.amendments_waiting_for(session, role)
    if not places and not changes:
        return texts("queue.empty"), []
    shown = places[:MAX_WAITING]
    lines = [_place_line(place, texts) for place in shown]
    if len(shown) < len(places):
        lines.append(texts("queue.cut", shown=len(shown), total=len(places)))
    lines += [texts("queue.change", scan=one.scan_id, time=texts.time(one.created_at)) for one in changes]
    buttons: Buttons = [(f"#{scan.id}", OnCard(action=CardAction.OPEN, scan_id=scan.id)) for scan, _ in shown]
    buttons += [(f"✏️ #{one.scan_id}", open_amendment(one)) for one in changes]
    return Html("\n".join([texts("queue.head"), *lines])), buttons


def _place_line(place: worklist.Place, texts: Texts) -> Html:
    scan = place.scan
    line = texts("queue.line", scan=scan.id, time=texts.time(scan.created_at), stage=texts(f"stage.{scan.status}"))
    return Html(PRIORITY_MARKS.get(place.priority, "") + line)


def is_staff(actor: Actor | None) -> bool:
    return actor is not None and actor.role is not Role.PATIENT


def _scan_line(scan: Scan, texts: Texts) -> Html:
    stage = texts(f"stage.{scan.status}")
    line = texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=stage)
    rejected = scan.status is ScanStatus.REJECTED
    then = texts("card.rejected", reason=rejection_reason(scan, texts)) if rejected else texts(f"wait.{scan.status}")
    return Html(f"{line}\n{then}")


def _scan_buttons(scans: Sequence[Scan], texts: Texts) -> Buttons:
    ready = [scan for scan in scans if scan.status is ScanStatus.REPORT_READY][:1]
    reports: Buttons = [
        (f"{texts.plain('button.report')} #{s.id}", OnCard(action=CardAction.REPORT, scan_id=s.id)) for s in ready
    ]
    return reports + [(f"#{scan.id}", OnCard(action=CardAction.OPEN, scan_id=scan.id)) for scan in scans]
