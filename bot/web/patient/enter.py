"""The ways in to a patient's page, the lock after long disuse, and the sign-out. The proof is the signed-in chat."""

from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.cookies import APP_COOKIE, cookie_of, drop_cookie, set_cookie
from bot.web.areas.guard import Visitor, form_of, is_own_origin, texts_for_guest
from bot.web.areas.rendering import redirect
from bot.web.patient.pages import MY, render
from bot.web.shared import tokens
from bot.web.shared.session import acting
from bot.web.shared.sign_in import MAX_PASSWORD, unlock
from bot.web.verify import SERVICES, client_network
from bot.web.viewer.access import Unauthorised, init_data_of, read_init_data, use_init_data
from workflow.accounts import sessions as chats
from workflow.accounts.browsers import sessions as browsers
from workflow.errors import LoginLocked, NotAllowed, SessionLocked, Suspended, WrongPassword
from workflow.token_bucket import TokenBuckets

ATTEMPTS: Final = web.AppKey("attempts at a patient's page", TokenBuckets)
REFUSALS = (Unauthorised, NotAllowed, SessionLocked, Suspended)


async def show(request: web.Request) -> web.Response:
    """The page that Telegram opens: its script exchanges the init data for a session."""
    return render(request, "enter.html", texts_for_guest(request, request.app[SERVICES]))


async def start(request: web.Request) -> web.Response:
    """Exchange fresh init data, once, for a session bound to the chat. 401 for any other, 429 above their rate."""
    services = request.app[SERVICES]
    try:
        token = await _exchange(request, services)
    except REFUSALS:
        may_try = request.app[ATTEMPTS][client_network(request)].spend()
        headers = {**MY.headers(request), **({} if may_try else {"Retry-After": "60"})}
        return web.json_response({}, status=401 if may_try else 429, headers=headers)
    response = web.json_response({"home": MY.path}, headers=MY.headers(request))
    set_cookie(response, APP_COOKIE, token, browsers.TOKEN_LIFETIME)
    return response


async def _exchange(request: web.Request, services: Services) -> str:
    """The first token. Raises one of `REFUSALS`."""
    if not is_own_origin(request, services):
        raise Unauthorised
    opening = read_init_data(await init_data_of(request), services.bot.token, services.now())
    now, number = services.now(), browsers.new_number()
    async with acting(services) as session:
        await use_init_data(session, opening, now)
    async with acting(services) as session:
        actor = await chats.actor_for(session, opening.chat_id, now - services.idle_limit)
        if actor is None:
            raise Unauthorised
        await browsers.open_mini_app(session, actor, number, opening.chat_id, now)
        given = await browsers.first_token(session, number, now)
    if given is None:
        raise Unauthorised
    return tokens.session_token(services.secret_key, number, *given, now)


async def show_sign_in(request: web.Request) -> web.Response:
    """How to come in from the chat; there is no password here."""
    return render(request, "sign_in.html", texts_for_guest(request, request.app[SERVICES]))


async def show_lock(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    return _lock(request, visitor)


async def take_lock_password(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The own password unlocks the page; those without one open it again from the chat."""
    texts, password = visitor.texts, (await form_of(request)).get("password", "")[:MAX_PASSWORD]
    try:
        await unlock(services, visitor.actor, visitor.number, password)
    except LoginLocked as refusal:
        return _lock(request, visitor, texts.plain("web.sign_in_locked", **refusal.values), 429)
    except WrongPassword as refusal:
        return _lock(request, visitor, texts.plain(refusal.key), 401)
    return redirect(MY.path)


def _lock(request: web.Request, visitor: Visitor, message: str = "", status: int = 200) -> web.Response:
    name = "locked_phone.html" if visitor.actor.by_phone else "unlock.html"
    return render(request, name, visitor.texts, status, form_token=visitor.form_token, message=message)


async def sign_out(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    async with acting(services) as session:
        await browsers.end(session, visitor.number, services.now())
    response = redirect(f"{MY.path}/sign-in")
    drop_cookie(response, cookie_of(request, MY.cookies))
    return response
