"""Sign-in by a link from the chat: this browser shows a number, and the chat picks it."""

from typing import Final

from aiohttp import web

from bot.web.desk.cookies import DOOR_COOKIE
from bot.web.desk.guard import texts_for_guest
from bot.web.desk.rendering import redirect, render
from bot.web.desk.sign_in import at_door, door_of, enter, label_of
from bot.web.shared import tokens
from bot.web.shared.session import acting
from bot.web.shared.sign_in import first_token
from bot.web.verify import SERVICES
from workflow.accounts.browsers import opening

AGAIN: Final = "2"  # seconds after which the waiting page asks again


async def show_link(request: web.Request) -> web.Response:
    """The page of the link. It only offers: a preview or a wrong tab that opens it signs nobody in."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    async with services.sessions() as session:
        offered = await opening.is_offered(session, request.match_info["token"], services.now())
    if not offered:
        return render(request, "message.html", texts, 404, message=texts.plain("error.computer_link_invalid"))
    return at_door(request, services, "open.html", texts, message="")


async def take_link(request: web.Request) -> web.Response:
    """Ask the chat to let this browser in. There is no limit that others could use up: a link cannot be guessed."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    number = await door_of(request, services)
    label = label_of(request.headers.get("User-Agent", ""))
    try:
        async with acting(services) as session:
            await opening.ask(session, request.match_info["token"], number, label, services.now())
    except opening.ComputerLinkInvalid as refusal:
        return render(request, "message.html", texts, 404, message=texts.plain(refusal.key))
    return redirect(f"/desk/waiting?lang={texts.language}")


async def wait(request: web.Request) -> web.Response:
    """The number, until the chat has decided; then the desk, or the end."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    try:
        text = request.cookies.get(DOOR_COOKIE, "")
        number = tokens.read_door_token(services.secret_key, text, services.now())
    except tokens.TokenInvalid:
        return redirect("/desk/sign-in")
    first = await first_token(services, number)
    if first is not None:
        return enter(first)
    async with services.sessions() as session:
        code = await opening.waiting(session, number, services.now())
    if code is None:
        return render(request, "message.html", texts, 410, message=texts.plain("web.not_let_in"))
    shown, _ = opening.choices(code, services.secret_key)
    page = render(request, "waiting.html", texts, number=shown)
    page.headers["Refresh"] = AGAIN
    return page
