"""The own page: where one is signed in, the active role, the colours, and notices."""

from aiohttp import web

from bot.services import Services
from bot.web.areas import account
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.desk.rendering import DESK, render
from bot.web.shared.session import acting
from models.vocabulary import Role
from workflow.accounts.browsers import sessions as browsers
from workflow.errors import NotFound


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    return render(request, "account.html", visitor.texts, **await account.values_of(request, services, visitor))


async def switch_role(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    try:
        role = Role((await form_of(request)).get("role", ""))
    except ValueError:
        raise NotFound from None
    async with acting(services) as session:
        await browsers.switch_role(session, visitor.actor, visitor.number, role, services.now())
    return redirect("/desk/account")


async def switch_theme(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    return await account.switch_theme(DESK, request)
