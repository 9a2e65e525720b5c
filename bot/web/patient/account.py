"""The own page for language, colours, notices, and where one is signed in."""

from datetime import timedelta
from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.cookies import APP_COOKIE, cookie_of, set_cookie
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import THEME_COOKIE, redirect
from bot.web.patient.pages import MY, render
from bot.web.shared.session import acting
from handlers.ui.texts import LANGUAGES
from models.base import read_only
from workflow.accounts import profile, sessions
from workflow.accounts.browsers import notices
from workflow.errors import NotFound

THEME_LIFETIME: Final = timedelta(days=365)
HERE: Final = f"{MY.path}/account"


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


async def choose_language(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The language of the page and of the chats. Raises NotFound for one that there is not."""
    language = (await form_of(request)).get("language", "")
    if language not in LANGUAGES:
        raise NotFound
    async with acting(services) as session:
        await profile.set_language_of(session, visitor.actor.account_id, language, services.now())
    return redirect(HERE)


async def switch_theme(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    wished = (await form_of(request)).get("theme", "")
    response = redirect(HERE)
    theme, framed = wished if wished in MY.themes else MY.themes[0], cookie_of(request, MY.cookies) == APP_COOKIE
    set_cookie(response, THEME_COOKIE, theme, THEME_LIFETIME, framed=framed)
    return response
