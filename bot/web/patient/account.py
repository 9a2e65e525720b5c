"""The own page for language, colours, notices, and where one is signed in."""

from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas import account
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.patient.pages import MY, render
from bot.web.shared.session import acting
from handlers.ui.texts import LANGUAGES
from workflow.accounts import profile
from workflow.errors import NotFound

HERE: Final = f"{MY.path}/account"


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    return render(request, "account.html", visitor.texts, **await account.values_of(request, services, visitor))


async def choose_language(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The language of the page and of the chats. Raises NotFound for one that there is not."""
    language = (await form_of(request)).get("language", "")
    if language not in LANGUAGES:
        raise NotFound
    async with acting(services) as session:
        await profile.set_language_of(session, visitor.actor.account_id, language, services.now())
    return redirect(HERE)


async def switch_theme(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    return await account.switch_theme(MY, request)
