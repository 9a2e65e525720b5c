"""Server-sent events of the open worklists: that something changed, never what."""

from datetime import timedelta
from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.desk.rendering import HEADERS
from bot.web.shared.changes import CHANGES, Changes
from models.base import read_only
from workflow.accounts.browsers import sessions as browsers
from workflow.permissions import Permission, authorize

BEAT: Final = 15  # looks after which a stream sends a sign of life and checks its session again
STREAMS: Final = 8  # of one person at once
LONGEST: Final = timedelta(hours=1)  # then the page opens another one


async def stream(request: web.Request, services: Services, visitor: Visitor) -> web.StreamResponse:
    """`changed` whenever the record has a new act; `end` and the close when the session is over or locked."""
    changes, person = request.app[CHANGES], visitor.actor.account_id
    if changes.open[person] >= STREAMS:
        return web.Response(status=429, headers={**HEADERS, "Retry-After": "30"})
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    changes.open[person] += 1
    try:
        await response.prepare(request)
        await _follow(response, changes, services, visitor)
    except ConnectionResetError:
        pass  # the page was left
    finally:
        changes.open[person] -= 1
    return response


async def _follow(response: web.StreamResponse, changes: Changes, services: Services, visitor: Visitor) -> None:
    seen, turns, until = await changes.newest(), 0, services.now() + LONGEST
    await response.write(b": open\n\n")
    while await changes.turn() and services.now() < until:
        turns += 1
        newest = await changes.newest()
        if newest == seen and turns % BEAT:
            continue
        if not await _may_go_on(services, visitor):
            await response.write(b"event: end\ndata: -\n\n")
            return
        await response.write(b": beat\n\n" if newest == seen else b"event: changed\ndata: -\n\n")
        seen = newest


async def _may_go_on(services: Services, visitor: Visitor) -> bool:
    """Whether the session is open, in the same role, and not locked."""
    now = services.now()
    async with read_only(services.sessions) as session:
        row = await browsers.find(session, visitor.number)
        try:
            actor = browsers.actor_in(row, now, now - services.idle_limit) if row is not None else None
        except browsers.SessionEnded:
            return False
    if actor is None or actor.locked or actor.role is not visitor.actor.role:
        return False
    authorize(actor, Permission.SEE_QUEUE)
    return True
