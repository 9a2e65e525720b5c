"""The record: search of the audit trail, for administrators, and the matches as CSV. Each search is recorded.

The page says when the whole record was last verified, and with what result."""

from datetime import datetime
from typing import Any, Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.desk.rendering import csv_file, render
from bot.web.shared import lists
from handlers.ui.dates import parse_date
from handlers.ui.texts import Texts
from workflow.audit.chain import Outcome
from workflow.audit.search import AuditFilter

FIELDS: Final = ("scan", "patient", "actor", "day", "act", "refused")


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The newest rows that match the fields of the address."""
    rows = await lists.record_rows(services, visitor.actor, _filters(request, visitor.texts, services.now()))
    given = {name: request.query.get(name, "")[:254] for name in FIELDS}
    cut = lists.SHOWN if len(rows) == lists.SHOWN else 0
    values: dict[str, Any] = {"rows": rows, "given": given, "cut": cut, "query": request.query_string}
    values["verified"] = await lists.record_verified(services)
    return render(request, "record.html", visitor.texts, visitor=visitor, **values)


async def export(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The matches as a CSV file, newest first."""
    filters = _filters(request, visitor.texts, services.now())
    return csv_file(await lists.record_file(services, visitor.actor, filters))


def _filters(request: web.Request, texts: Texts, now: datetime) -> AuditFilter:
    """Fields that make no sense match as if they were empty."""
    given = {name: request.query.get(name, "").replace("\0", "") for name in FIELDS}
    day = parse_date(given["day"], now.date()) if given["day"] else None
    return AuditFilter(
        scan_id=_number(given["scan"].lstrip("#")),
        patient_id=_number(given["patient"].lstrip("Pp")),
        actor=given["actor"].strip().lower()[:254] or None,
        day=lists.start_of(day, texts) if day else None,
        act=given["act"].strip()[:40] or None,
        outcome=Outcome.REFUSED if given["refused"] else None,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None
