"""The own scans and those of the relatives for whom the person acts: where each stands, in the chat's words."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web
from markupsafe import Markup

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.patient import films
from bot.web.patient.pages import MY, render
from bot.web.shared.session import acting
from handlers.ui.texts import Texts
from handlers.views.cards import patient_steps
from handlers.views.rejection import rejection_line, rejection_reason, stage_text
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from workflow.audit import chain
from workflow.permissions import Permission
from workflow.scans import intake, queries
from workflow.scans.clarifications import visible_to

MOST_LISTED: Final = 50


async def show_all(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Every scan with its film, newest first. Each counts as seen, as on a card of the chat."""
    async with acting(services) as session:
        scans = await queries.own_scans(session, visitor.actor, MOST_LISTED)
        for scan in scans:
            await chain.record_read(session, visitor.actor, scan, "card", services.now())
    shown = [_shown(services, visitor, scan) for scan in scans]
    return render(request, "scans.html", visitor.texts, visitor=visitor, scans=shown)


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """One scan with its five steps, what is asked about it, and the way to film and report."""
    async with acting(services) as session:
        scan = await queries.scan_for(session, int(request.match_info["scan_id"]), visitor.actor, Permission.SEE_OWN)
        await chain.record_read(session, visitor.actor, scan, "card", services.now())
    asked, one = any(one.is_open for one in visible_to(scan, Role.PATIENT)), _shown(services, visitor, scan)
    steps = _steps(scan, visitor.texts)
    return render(request, "scan.html", visitor.texts, visitor=visitor, one=one, asked=asked, steps=steps)


async def answer_same_picture(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Whether the picture is that of an earlier scan, as the buttons in the chat."""
    scan_id, same = int(request.match_info["scan_id"]), (await form_of(request)).get("same") == "yes"
    async with acting(services) as session:
        await intake.answer_same_picture(session, visitor.actor, scan_id, same, services.now())
    return redirect(f"{MY.path}/scans/{scan_id}")


def _shown(services: Services, visitor: Visitor, scan: Scan) -> dict[str, object]:
    texts = visitor.texts
    rejected = scan.status is ScanStatus.REJECTED
    asks = scan.same_as is not None and scan.same_as["confirmed"] is None and intake.may_be_duplicate(scan)
    return {
        "scan": scan,
        "at": texts.time(scan.created_at),
        "name": scan.patient.name if scan.patient_id != visitor.actor.account_id else "",
        "stage": stage_text(scan, texts),
        "state": "rejected" if rejected else "ready" if scan.status is ScanStatus.REPORT_READY else "waits",
        "next": _safe(rejection_line(scan, texts, rejection_reason(scan, texts)))
        if rejected
        else _safe(texts(f"wait.{scan.status}")),
        "same_as": scan.same_as["scan"] if asks and scan.same_as else None,
        "thumbnail": films.address(services, visitor, scan.id, films.THUMBNAIL),
        "again": rejected and not queries.is_duplicate(scan),
        "ready": scan.status is ScanStatus.REPORT_READY,
    }


def _steps(scan: Scan, texts: Texts) -> Sequence[Markup]:
    return [] if scan.status is ScanStatus.REJECTED else [_safe(one) for one in patient_steps(scan, texts)]


def _safe(sentence: str) -> Markup:
    return Markup(sentence)  # noqa: S704 - escaped by `Texts`
