"""The own page: where one is signed in, the active role, the colours, and notices."""

from datetime import timedelta
from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.cookies import set_cookie
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import THEME_COOKIE, redirect
from bot.web.desk.rendering import DESK, render
from bot.web.shared.session import acting
from models.base import read_only
from models.vocabulary import Role
from workflow.accounts import sessions
from workflow.accounts.browsers import notices
from workflow.accounts.browsers import sessions as browsers
from workflow.errors import NotFound

THEME_LIFETIME: Final = timedelta(days=365)


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    async with read_only(services.sessions) as session:
        places = await sessions.places(session, visitor.actor)
        notified = await notices.is_on(session, visitor.number)
    return render(
        request,
        "account.html",
        visitor.texts,
        visitor=visitor,
        places=places,
        here=visitor.number,
        push_key=services.push.public_key if services.push else None,
        notified=notified,
        tested="tested" in request.query,
    )


async def switch_role(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    try:
        role = Role((await form_of(request)).get("role", ""))
    except ValueError:
        raise NotFound from None
    async with acting(services) as session:
        await browsers.switch_role(session, visitor.actor, visitor.number, role, services.now())
    return redirect("/desk/account")


async def switch_theme(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    wished = (await form_of(request)).get("theme", "")
    response = redirect("/desk/account")
    set_cookie(response, THEME_COOKIE, wished if wished in DESK.themes else DESK.themes[0], THEME_LIFETIME)
    return response
