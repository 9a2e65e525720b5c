"""The own films at addresses that open for a few minutes in one session; each opening is recorded."""

import asyncio
import hmac
from datetime import timedelta
from hashlib import sha256
from typing import Final

from aiohttp import web

from bot.patient_files import read_file
from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.patient.pages import MY, render
from bot.web.shared.session import acting
from handlers.ui.texts import plain_text
from handlers.views.identity import identity_line
from inference.intake import thumbnail
from models.base import read_only
from models.crypto.vault import Content
from workflow.audit import chain
from workflow.errors import NotFound
from workflow.permissions import Permission
from workflow.scans import queries

ADDRESS_LIFETIME: Final = timedelta(minutes=5)
THUMBNAIL, FILM = "thumbnail", "film"


def address(services: Services, visitor: Visitor, scan_id: int, kind: str) -> str:
    """An address of this picture for this session."""
    until = int((services.now() + ADDRESS_LIFETIME).timestamp())
    return f"{MY.path}/films/{scan_id}/{kind}/{until}/{_seal(services, visitor, scan_id, kind, until)}"


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The film in the width of the screen, or larger."""
    async with read_only(services.sessions) as session:
        scan = await queries.scan_for(session, int(request.match_info["scan_id"]), visitor.actor, Permission.SEE_OWN)
    title = plain_text(identity_line(scan, visitor.texts))
    film = address(services, visitor, scan.id, FILM)
    return render(request, "film.html", visitor.texts, visitor=visitor, scan=scan, title=title, film=film)


async def picture(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The JPEG, as the doctors see it. Raises NotFound for an old address, and for one of another session."""
    scan_id, kind = int(request.match_info["scan_id"]), request.match_info["kind"]
    until, now = int(request.match_info["until"]), services.now()
    expected = _seal(services, visitor, scan_id, kind, until)
    if not hmac.compare_digest(request.match_info["seal"], expected) or now.timestamp() >= until:
        raise NotFound
    async with acting(services) as session:
        scan = await queries.scan_for(session, scan_id, visitor.actor, Permission.SEE_OWN)
        await chain.record_read(session, visitor.actor, scan, kind, now)
    jpeg = await read_file(services, scan.patient_id, scan.picture_file, Content.PICTURE)
    if kind == THUMBNAIL:
        jpeg = await asyncio.to_thread(thumbnail, jpeg)
    return web.Response(body=jpeg, content_type="image/jpeg", headers=MY.headers(request))


def _seal(services: Services, visitor: Visitor, scan_id: int, kind: str, until: int) -> str:
    bound = f"film address|{visitor.number}|{scan_id}|{kind}|{until}"
    return hmac.new(services.secret_key, bound.encode(), sha256).hexdigest()[:32]
