"""Reports by version: the current one of each scan as PDF, and which it has replaced."""

import asyncio

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.patient.pages import MY, render
from bot.web.shared.session import acting
from models.base import read_only
from models.crypto.vault import Content
from models.tables.accounts import load_patient_key
from workflow.reporting.deliveries import open_versions
from workflow.scans import queries


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    async with read_only(services.sessions) as session:
        versions = await queries.own_reports(session, visitor.actor)
    newest = {one.scan_id: one for one in reversed(versions)}
    own = visitor.actor.account_id
    shown = [
        {
            "report": one,
            "current": one is newest[one.scan_id],
            "day": visitor.texts.date_of(one.created_at),
            "name": one.scan.patient.name if one.scan.patient_id != own else "",
        }
        for one in versions
    ]
    return render(request, "reports.html", visitor.texts, visitor=visitor, reports=shown)


async def fetch(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The current version of a scan's report. Raises NotFound."""
    async with acting(services) as session:
        scan_id = int(request.match_info["scan_id"])
        scan, versions = await open_versions(session, visitor.actor, scan_id, services.now())
        secret = await load_patient_key(session, scan.patient_id)
    current = versions[-1]
    pdf = await asyncio.to_thread(services.vault.get, current.file, secret, Content.REPORT)
    headers = {**MY.headers(request), "Content-Disposition": f'inline; filename="{current.number}.pdf"'}
    return web.Response(body=pdf, content_type="application/pdf", headers=headers)
