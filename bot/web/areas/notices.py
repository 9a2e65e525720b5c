"""Notices on this computer or telephone: on, a test, off. The page's script asks the browser for its address at a push
service."""

from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of, page
from bot.web.areas.rendering import Area, redirect
from bot.web.shared.session import acting
from workflow.accounts.browsers import notices
from workflow.permissions import Permission

FIELDS: Final = ("endpoint", "p256dh", "auth")


def add_notice_routes(add: web.UrlDispatcher, area: Area) -> None:
    """The forms of the notices' part of the area's page for the own account."""
    account = f"{area.path}/account"

    async def begin(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
        await _start(request, services, visitor)
        return redirect(f"{account}#notices")

    async def send_test(_: web.Request, services: Services, visitor: Visitor) -> web.Response:
        async with acting(services) as session:
            await notices.ask_test(session, visitor.actor, visitor.number, services.now())
        return redirect(f"{account}?tested=1#notices")

    async def stop(_: web.Request, services: Services, visitor: Visitor) -> web.Response:
        async with acting(services) as session:
            await notices.stop(session, visitor.actor, visitor.number, services.now())
        return redirect(f"{account}#notices")

    add.add_post(f"{area.path}/notices", page(area, Permission.OPEN_BROWSER, begin))
    add.add_post(f"{area.path}/notices/test", page(area, Permission.OPEN_BROWSER, send_test))
    add.add_post(f"{area.path}/notices/stop", page(area, Permission.OPEN_BROWSER, stop))


async def _start(request: web.Request, services: Services, visitor: Visitor) -> None:
    """Raises NoticesRefused for an address that is none of a push service of the settings."""
    form = await form_of(request)
    target = {name: form.get(name, "") for name in FIELDS}
    if services.push is None or not services.push.admits(target):
        raise notices.NoticesRefused
    async with acting(services) as session:
        await notices.subscribe(session, visitor.actor, visitor.number, target, services.now())
