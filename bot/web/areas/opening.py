"""Sign-in by a link from the chat: this browser shows a number, and the chat picks it. The door before a session."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.cookies import DOOR_COOKIE, SESSION_COOKIE, drop_cookie, set_cookie
from bot.web.areas.guard import check_form, texts_for_guest
from bot.web.areas.rendering import Area, redirect
from bot.web.shared import tokens
from bot.web.shared.session import acting
from bot.web.shared.sign_in import first_token
from bot.web.verify import SERVICES
from handlers.ui.texts import Texts
from workflow.accounts.browsers import opening
from workflow.accounts.browsers import sessions as browsers

AGAIN: Final = "2"  # seconds after which the waiting page asks again
SYSTEMS: Final = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Mac OS": "macOS"}
PROGRAMS: Final = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}


def add_opening_routes(add: web.UrlDispatcher, area: Area) -> None:
    """The pages on which a link from the chat signs a browser in to this area."""

    def of(handler: Callable[[Area, web.Request], Awaitable[web.Response]]) -> Callable[..., Awaitable[web.Response]]:
        return partial(handler, area)

    add.add_get(f"{area.path}/open/{{token}}", of(show_link))
    add.add_post(f"{area.path}/open/{{token}}", of(take_link))
    add.add_get(f"{area.path}/waiting", of(wait))


async def show_link(area: Area, request: web.Request) -> web.Response:
    """The page of the link. It only offers: a preview or a wrong tab that opens it signs nobody in."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    async with services.sessions() as session:
        offered = await opening.is_offered(session, request.match_info["token"], services.now())
    if not offered:
        return area.render(request, "message.html", texts, 404, message=texts.plain("error.computer_link_invalid"))
    return at_door(area, request, services, "open.html", texts, message="")


async def take_link(area: Area, request: web.Request) -> web.Response:
    """Ask the chat to let this browser in. There is no limit that others could use up: a link cannot be guessed."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    number = await door_of(request, services)
    label = label_of(request.headers.get("User-Agent", ""))
    try:
        async with acting(services) as session:
            await opening.ask(session, request.match_info["token"], number, label, services.now())
    except opening.ComputerLinkInvalid as refusal:
        return area.render(request, "message.html", texts, 404, message=texts.plain(refusal.key))
    return redirect(f"{area.path}/waiting?lang={texts.language}")


async def wait(area: Area, request: web.Request) -> web.Response:
    """The number, until the chat has decided; then the area's first page, or the end."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    try:
        text = request.cookies.get(DOOR_COOKIE, "")
        number = tokens.read_door_token(services.secret_key, text, services.now())
    except tokens.TokenInvalid:
        return redirect(f"{area.path}/sign-in")
    first = await first_token(services, number)
    if first is not None:
        return enter(area, first)
    async with services.sessions() as session:
        code = await opening.waiting(session, number, services.now())
    if code is None:
        return area.render(request, "message.html", texts, 410, message=texts.plain("web.not_let_in"))
    shown, _ = opening.choices(code, services.secret_key)
    page = area.render(request, "waiting.html", texts, number=shown)
    page.headers["Refresh"] = AGAIN
    return page


def enter(area: Area, token: str) -> web.Response:
    """Give a browser that was just signed in its first token."""
    response = redirect(area.path)
    set_cookie(response, SESSION_COOKIE, token, browsers.TOKEN_LIFETIME)
    drop_cookie(response, DOOR_COOKIE)
    return response


async def door_of(request: web.Request, services: Services) -> int:
    """The number of this sign-in, for a form of its own page. Raises HTTPForbidden for any other form."""
    try:
        text = request.cookies.get(DOOR_COOKIE, "")
        number = tokens.read_door_token(services.secret_key, text, services.now())
    except tokens.TokenInvalid:
        raise web.HTTPForbidden from None
    await check_form(request, services, number)
    return number


def label_of(user_agent: str) -> str:
    """Kind of browser and system, from fixed names alone."""
    program = next((name for sign, name in PROGRAMS.items() if sign in user_agent), "Browser")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    system = system or ("Linux" if "Linux" in user_agent else "")
    return f"{program}, {system}" if system else program


def at_door(
    area: Area,
    request: web.Request,
    services: Services,
    name: str,
    texts: Texts,
    status: int = 200,
    **values: object,
) -> web.Response:
    """A page with a form before the sign-in, with a door of its own where the browser has none."""
    now = services.now()
    try:
        number = tokens.read_door_token(services.secret_key, request.cookies.get(DOOR_COOKIE, ""), now)
    except tokens.TokenInvalid:
        number = browsers.new_number()
    token = tokens.form_token(services.secret_key, number)
    response = area.render(request, name, texts, status, form_token=token, **values)
    set_cookie(response, DOOR_COOKIE, tokens.door_token(services.secret_key, number, now), tokens.DOOR_LIFETIME)
    return response
