"""Sign-in to the desk by email, password and second factor, the lock after long disuse, and the sign-out."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.areas.cookies import SESSION_COOKIE, drop_cookie
from bot.web.areas.guard import Visitor, form_of, texts_for_guest, visitor_of
from bot.web.areas.opening import at_door, door_of, enter, label_of
from bot.web.areas.rendering import redirect
from bot.web.desk.rendering import DESK, render
from bot.web.shared.session import acting
from bot.web.shared.sign_in import (
    MAX_CODE,
    MAX_EMAIL,
    MAX_PASSWORD,
    SignInWrong,
    StaffOnly,
    TooOften,
    check_code,
    check_password,
    count_attempt,
    unlock,
)
from bot.web.verify import SERVICES
from handlers.ui.texts import Texts
from workflow.accounts.browsers import sessions as browsers
from workflow.errors import (
    CodeError,
    CodeMissing,
    CodeSpent,
    CodeWrong,
    LoginLocked,
    NotAllowed,
    StaleAction,
    WrongPassword,
)

REFUSED: Final[Mapping[type, int]] = {SignInWrong: 401, StaffOnly: 403}  # statuses; 429 for what comes too often


async def show(request: web.Request) -> web.Response:
    """The form for email and password; signed in already: the desk."""
    services = request.app[SERVICES]
    try:
        await visitor_of(request, services, DESK.cookies)
    except browsers.SessionEnded:
        return _form(request, services, "sign_in.html")
    return redirect("/desk")


async def take_password(request: web.Request) -> web.Response:
    """Check the password; then the second factor is asked for. One answer for a wrong password and unknown address."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    number = await door_of(request, services)
    form = await form_of(request)
    email, password = form.get("email", "").strip()[:MAX_EMAIL], form.get("password", "")[:MAX_PASSWORD]
    try:
        count_attempt(request)
        await check_password(services, number, email, password)
    except LoginLocked as refusal:
        return _form(request, services, "sign_in.html", texts.plain("web.sign_in_locked", **refusal.values), 429)
    except (TooOften, SignInWrong, StaffOnly, CodeError) as refusal:
        status = REFUSED.get(type(refusal), 429)
        return _form(request, services, "sign_in.html", texts.plain(refusal.key, **refusal.values), status)
    return redirect(f"/desk/code?lang={texts.language}")


async def show_code(request: web.Request) -> web.Response:
    return _form(request, request.app[SERVICES], "code.html")


async def take_code(request: web.Request) -> web.Response:
    """Check the second factor and sign the browser in."""
    services, texts = request.app[SERVICES], texts_for_guest(request, request.app[SERVICES])
    number = await door_of(request, services)
    typed = (await form_of(request)).get("code", "")[:MAX_CODE]
    label = label_of(request.headers.get("User-Agent", ""))
    try:
        count_attempt(request)
        first = await check_code(services, number, label, typed)
    except TooOften as refusal:
        return _form(request, services, "code.html", texts.plain(refusal.key), 429)
    except (CodeWrong, CodeMissing) as refusal:
        return _form(request, services, "code.html", texts.plain(refusal.key, **refusal.values), 401)
    except (CodeSpent, NotAllowed, StaleAction) as refusal:
        return _form(request, services, "sign_in.html", texts.plain(refusal.key, **refusal.values), 401)
    return enter(DESK, first) if first is not None else redirect("/desk/sign-in")


async def sign_out(_: web.Request, services: Services, visitor: Visitor) -> web.Response:
    async with acting(services) as session:
        await browsers.end(session, visitor.number, services.now())
    response = redirect("/desk/sign-in")
    drop_cookie(response, SESSION_COOKIE)
    return response


async def show_lock(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    return render(request, "unlock.html", visitor.texts, form_token=visitor.form_token)


async def take_lock_password(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The own password unlocks the browser; attempts are counted as in a chat."""
    texts = visitor.texts
    password = (await form_of(request)).get("password", "")[:MAX_PASSWORD]
    try:
        await unlock(services, visitor.actor, visitor.number, password)
    except LoginLocked as refusal:
        return _locked(request, visitor, texts.plain("web.sign_in_locked", **refusal.values), 429)
    except WrongPassword as refusal:
        return _locked(request, visitor, texts.plain(refusal.key), 401)
    return redirect("/desk")


def _locked(request: web.Request, visitor: Visitor, message: str, status: int) -> web.Response:
    values = {"form_token": visitor.form_token, "message": message}
    return render(request, "unlock.html", visitor.texts, status, **values)


def _form(request: web.Request, services: Services, name: str, message: str = "", status: int = 200) -> web.Response:
    """A form of the sign-in, with a door of its own where the browser has none."""
    texts: Texts = texts_for_guest(request, services)
    return at_door(DESK, request, services, name, texts, status, message=message)
