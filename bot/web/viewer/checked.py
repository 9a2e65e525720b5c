"""The check before the viewer's data, and its answers: private, never stored."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.services import Services
from bot.web.verify import SERVICES
from bot.web.viewer.access import Unauthorised, Viewer, viewer_of
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.errors import NotAllowed, NotFound
from workflow.permissions import Permission
from workflow.scans import queries

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DataHandler = Callable[[web.Request, Services, Viewer, Scan], Awaitable[web.StreamResponse]]


def signed_in(handler: DataHandler, *, patients: bool = False) -> Handler:
    """Check session, role and stage before the handler; 401 and 404 tell nothing else. `patients`: their own films."""

    async def checked(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        try:
            async with services.sessions() as session:
                viewer = await viewer_of(session, services, request.headers.get("Authorization", ""))
                number = int(request.match_info["scan_id"])
                own = patients and viewer.actor.role is Role.PATIENT
                seen = Permission.SEE_OWN if own else Permission.SEE_HISTORY
                scan = await queries.scan_for(session, number, viewer.actor, seen)
        except Unauthorised:
            return refusal(401)
        except (NotFound, NotAllowed):
            return refusal(404)
        return await handler(request, services, viewer, scan)

    return checked


def private_headers() -> dict[str, str]:
    return {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def json_answer(value: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(value, status=status, headers=private_headers())


def refusal(status: int, more: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"status": status}, status=status, headers={**private_headers(), **(more or {})})
