"""Answers from one's own case: a patient's scans, a member of the staff's queue; nothing of anybody else's."""

from collections.abc import Sequence
from typing import Final

from aiogram.filters.callback_data import CallbackData

from faq.entries import Topic
from handlers.ui.decisions import opens_change
from handlers.ui.keyboards import CardAction, OnCard
from handlers.ui.texts import Html, Texts
from handlers.views.cards import reason
from models.tables.amendments import Amendment
from models.tables.people import Role
from models.tables.scans import Scan, Status
from workflow.actors import Actor
from workflow.permissions import Verb, allow
from workflow.reporting import amendments
from workflow.scans import queries
from workflow.unit_of_work import Effects

CASES: Final = frozenset({Topic.STATUS, Topic.REPORT})  # what is asked there is asked about one's own scans
SHOWN: Final = 3
Buttons = list[tuple[str, CallbackData]]


async def own_case(effects: Effects, actor: Actor, texts: Texts) -> tuple[Html, Buttons]:
    """What the asker's own scans, or the asker's queue, say at this moment."""
    async with effects.look() as session:
        if is_staff(actor):
            allow(actor, Verb.SEE_QUEUE)
            changes = await amendments.waiting(session, actor.role)
            return waiting_for(await queries.queue(session, actor.role), changes, texts)
        scans = await queries.own_scans(session, actor, limit=SHOWN)
    if not scans:
        return texts("scans.none"), []
    return Html("\n\n".join([texts("scans.head"), *(_stands(scan, texts) for scan in scans)])), _opens(scans, texts)


def waiting_for(scans: Sequence[Scan], changes: Sequence[Amendment], texts: Texts) -> tuple[Html, Buttons]:
    """What waits for somebody of the staff: scans, and changes of reports, each with the button that brings it."""
    if not scans and not changes:
        return texts("queue.empty"), []
    lines = [
        texts("queue.line", scan=scan.id, time=texts.time(scan.changed_at), stage=texts(f"stage.{scan.status}"))
        for scan in scans
    ]
    opens: Buttons = [(f"#{scan.id}", OnCard(action=CardAction.OPEN, scan_id=scan.id)) for scan in scans]
    lines += [texts("queue.change", scan=one.scan_id, time=texts.time(one.created_at)) for one in changes]
    opens += [(f"✏️ #{one.scan_id}", opens_change(one)) for one in changes]
    return Html("\n".join([texts("queue.head"), *lines])), opens


def is_staff(actor: Actor | None) -> bool:
    return actor is not None and actor.role is not Role.PATIENT


def _stands(scan: Scan, texts: Texts) -> Html:
    stage = texts(f"stage.{scan.status}")
    line = texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=stage)
    rejected = scan.status is Status.REJECTED
    then = texts("card.rejected", reason=reason(scan, texts)) if rejected else texts(f"wait.{scan.status}")
    return Html(f"{line}\n{then}")


def _opens(scans: Sequence[Scan], texts: Texts) -> Buttons:
    ready = [scan for scan in scans if scan.status is Status.REPORT_READY][:1]
    reports: Buttons = [
        (f"{texts.plain('button.report')} #{s.id}", OnCard(action=CardAction.REPORT, scan_id=s.id)) for s in ready
    ]
    return reports + [(f"#{scan.id}", OnCard(action=CardAction.OPEN, scan_id=scan.id)) for scan in scans]
