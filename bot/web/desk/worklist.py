"""The worklist: what waits for the role, most urgent first, with filters, claims and keys; kept fresh by `live`."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.desk.rendering import render
from bot.web.shared import worklist
from bot.web.shared.session import acting
from handlers.ui.texts import Texts
from handlers.views.paging import truncate
from handlers.views.reading.model_answer import short_answer
from models.tables.scans import Scan
from models.vocabulary import Sex
from workflow.actors import Actor
from workflow.errors import NotFound
from workflow.queue.worklist import Place, QueueFilter
from workflow.scans import claims

COMPLAINT: Final = 120  # characters
MOST_SHOWN: Final = 1000  # browsers; then all are forgotten, and their next refresh is recorded whole
SHOWN: Final = web.AppKey("scans that each browser shows", dict)  # by session, so that a refresh records new ones only


class Row(NamedTuple):
    """A scan's line, in the reader's language."""

    scan: int
    priority: str  # a name in lower case
    name: str
    person: str  # age and sex
    waits: str
    complaint: str
    answer: str
    countersign: bool
    holder: str
    mine: bool


async def home(_: web.Request, __: Services, ___: Visitor) -> web.Response:
    """The first page after the sign-in."""
    return redirect("/desk/worklist")


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The page; what each of its rows shows is recorded."""
    request.app[SHOWN].pop(visitor.number, None)
    return render(request, "worklist.html", visitor.texts, **await _values(request, services, visitor))


async def rows(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The table alone, for the open page; scans that it did not show before are recorded."""
    return render(request, "worklist_rows.html", visitor.texts, **await _values(request, services, visitor))


async def claim(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Take the scan, give it back, or take it over from `holder`; as the buttons of a card."""
    scan_id, form, now = int(request.match_info["scan_id"]), await form_of(request), services.now()
    async with acting(services) as session:
        match form.get("act"):
            case "take":
                await claims.take(session, visitor.actor, scan_id, now)
            case "give_back":
                await claims.give_back(session, visitor.actor, scan_id, now)
            case "take_over" if form.get("holder", "").isdecimal():
                await claims.take_over(session, visitor.actor, scan_id, int(form["holder"][:9]), now)
            case _:
                raise NotFound
    return redirect("/desk/worklist" if form.get("back") == "worklist" else f"/desk/scans/{scan_id}")


async def _values(request: web.Request, services: Services, visitor: Visitor) -> dict[str, Any]:
    part, actor, now, shown = _part(request), visitor.actor, services.now(), request.app[SHOWN]
    page = await worklist.read(services, actor, part, _page(request), shown.get(visitor.number, ()))
    if len(shown) > MOST_SHOWN:
        shown.clear()
    shown[visitor.number] = frozenset(scan.id for scan, _ in page.rows)
    return {
        "visitor": visitor,
        "rows": [_row(scan, place, actor, now, visitor.texts) for scan, place in page.rows],
        "changes": page.changes,
        "part": part,
        "page": page.page,
        "last": page.last,
        "total": page.total,
        "filters": {one: count for one, count in page.counts.items() if count or one in {part, QueueFilter.ALL}},
    }


def _row(scan: Scan, place: Place, actor: Actor, at: datetime, texts: Texts) -> Row:
    patient = scan.patient
    person = [texts.age(patient.date_of_birth, scan.created_at.date())] if patient.date_of_birth else []
    person += [texts.plain(f"sex.{patient.sex}")] if patient.sex is not Sex.UNKNOWN else []
    return Row(
        scan=scan.id,
        priority=place.priority.name.lower(),
        name=patient.name,
        person=", ".join(person),
        waits=texts.short_duration(at - scan.created_at),
        complaint=truncate(scan.complaint or "", COMPLAINT),
        answer=texts.plain("queue.model", answer=short_answer(scan.finding, texts)) if scan.finding else "",
        countersign=place.countersign,
        holder=scan.claim.holder.name if scan.claim else "",
        mine=scan.claim is not None and scan.claim.account_id == actor.account_id,
    )


def _part(request: web.Request) -> QueueFilter:
    try:
        return QueueFilter(request.query.get("part", QueueFilter.ALL))
    except ValueError:
        return QueueFilter.ALL


def _page(request: web.Request) -> int:
    text = request.query.get("page", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
