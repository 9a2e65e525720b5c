"""The own page of each area: where one is signed in, notices, and the colours."""

from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.cookies import APP_COOKIE, cookie_of, set_cookie
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import THEME_COOKIE, Area, redirect
from models.base import read_only
from workflow.accounts import sessions
from workflow.accounts.browsers import notices

THEME_LIFETIME: Final = timedelta(days=365)


async def values_of(request: web.Request, services: Services, visitor: Visitor) -> dict[str, Any]:
    """The values of the template."""
    async with read_only(services.sessions) as session:
        places = await sessions.places(session, visitor.actor)
        notified = await notices.is_on(session, visitor.number)
    return {
        "visitor": visitor,
        "places": places,
        "here": visitor.number,
        "push_key": services.push.public_key if services.push else None,
        "notified": notified,
        "tested": "tested" in request.query,
    }


async def switch_theme(area: Area, request: web.Request) -> web.Response:
    """Keep the wished colours, or the area's own, in a cookie of this browser."""
    wished = (await form_of(request)).get("theme", "")
    theme, framed = wished if wished in area.themes else area.themes[0], cookie_of(request, area.cookies) == APP_COOKIE
    response = redirect(f"{area.path}/account")
    set_cookie(response, THEME_COOKIE, theme, THEME_LIFETIME, framed=framed)
    return response
