"""Notices on this computer: on, a test, off. The page's script asks the browser for its address at a push service."""

from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.desk.guard import Visitor, form_of
from bot.web.desk.rendering import redirect
from bot.web.shared.session import acting
from workflow.accounts.browsers import notices

FIELDS: Final = ("endpoint", "p256dh", "auth")
BACK: Final = "/desk/account#notices"


async def start(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Raises NoticesRefused for an address that is none of a push service of the settings."""
    form = await form_of(request)
    target = {name: form.get(name, "") for name in FIELDS}
    if services.push is None or not services.push.admits(target):
        raise notices.NoticesRefused
    async with acting(services) as session:
        await notices.subscribe(session, visitor.actor, visitor.number, target, services.now())
    return redirect(BACK)


async def send_test(_: web.Request, services: Services, visitor: Visitor) -> web.Response:
    async with acting(services) as session:
        await notices.ask_test(session, visitor.actor, visitor.number, services.now())
    return redirect("/desk/account?tested=1#notices")


async def stop(_: web.Request, services: Services, visitor: Visitor) -> web.Response:
    async with acting(services) as session:
        await notices.stop(session, visitor.actor, visitor.number, services.now())
    return redirect(BACK)
