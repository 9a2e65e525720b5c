"""The check before every page of a signed-in person: session, role, permission, and for forms where they come from."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from bot.services import Services
from bot.web.areas.cookies import cookie_of, set_cookie
from bot.web.areas.rendering import Area, redirect
from bot.web.bodies import read_body
from bot.web.shared import tokens
from bot.web.shared.session import acting, next_token, person_of
from bot.web.verify import SERVICES, preferred_language
from handlers.ui.texts import LANGUAGES, Texts
from workflow.accounts.browsers import sessions as browsers
from workflow.actors import Actor
from workflow.errors import NotAllowed, NotFound, ProofMissing, SessionLocked, WorkflowError
from workflow.permissions import Operation, require_proof

FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "X-Form-Token"  # in place of the field where the body is a file
MAX_FORM: Final = 16_384  # bytes
MAX_FIELDS: Final = 50
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Visitor(NamedTuple):
    """A person in a signed-in browser."""

    actor: Actor
    number: int  # of the session
    texts: Texts
    form_token: str


PageHandler = Callable[[web.Request, Services, Visitor], Awaitable[web.StreamResponse]]


async def visitor_of(request: web.Request, services: Services, cookies: Sequence[str]) -> tuple[Visitor, tokens.Token]:
    """The person who is signed in by one of these cookies; locked ones too. Raises like `person_of`."""
    actor, token = await person_of(services, request.cookies.get(cookie_of(request, cookies), ""))
    texts = services.catalogues.of(actor.language)
    return Visitor(actor, token.number, texts, tokens.form_token(services.secret_key, token.number)), token


def page(area: Area, operation: Operation, handler: PageHandler, *, by_itself: bool = False) -> Handler:
    """Run the handler for a signed-in person of the area who may do `operation`; for others there is no such address.

    `by_itself`: an open page asks for it, not the person; Sec-Fetch-Dest says nothing behind a service worker.
    Without a session: the sign-in, or 401 for what a page asks for. A locked browser: the password first."""

    async def checked(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        try:
            visitor, token = await visitor_of(request, services, area.cookies)
        except browsers.SessionEnded:
            return _signed_out(area, by_itself)
        if visitor.actor.role not in area.roles:
            return not_there(area, request, visitor.texts)
        response = await _answer(area, request, services, visitor, operation, handler)
        if not by_itself and not visitor.actor.locked:  # what unlocks is the password alone
            await _keep_alive(services, visitor, token, response, cookie_of(request, area.cookies))
        return response

    return checked


async def _answer(
    area: Area,
    request: web.Request,
    services: Services,
    visitor: Visitor,
    operation: Operation,
    handler: PageHandler,
) -> web.StreamResponse:
    """The page, or its refusal in words."""
    try:
        require_proof(visitor.actor, operation, services.now())
        if request.method != "GET":
            await check_form(request, services, visitor.number)
        return await handler(request, services, visitor)
    except SessionLocked:
        return redirect(f"{area.path}/unlock")
    except ProofMissing:
        return redirect(f"{area.path}/proof")
    except (NotFound, NotAllowed):
        return not_there(area, request, visitor.texts)
    except WorkflowError as refusal:
        message = visitor.texts.plain(refusal.key, **refusal.values)
        return area.render(request, "message.html", visitor.texts, 409, visitor=visitor, message=message)


async def check_form(request: web.Request, services: Services, number: int) -> None:
    """Raise HTTPForbidden for a form that is not from a page of this session, HTTPRequestEntityTooLarge."""
    given = request.headers.get(FORM_HEADER)
    if given is None and (request.content_length or MAX_FORM + 1) > MAX_FORM:  # before the body is read
        raise web.HTTPRequestEntityTooLarge(MAX_FORM, request.content_length or 0)
    if not is_own_origin(request, services):
        raise web.HTTPForbidden
    if given is None:
        given = (await form_of(request)).get(FORM_FIELD, "")
    if not hmac.compare_digest(given.encode(), tokens.form_token(services.secret_key, number).encode()):
        raise web.HTTPForbidden


def is_own_origin(request: web.Request, services: Services) -> bool:
    """Whether a page of this web app sent the request, by the headers that browsers set."""
    public = urlsplit(services.base_url or "")
    origin = request.headers.get("Origin")
    same_site = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return origin == f"{public.scheme}://{public.netloc}" and same_site


async def form_of(request: web.Request) -> dict[str, str]:
    """The fields of a form, one value for each name, without NUL, which PostgreSQL takes in no text.

    Raises HTTPBadRequest for a body that is no form."""
    try:
        fields = parse_qsl(
            (await read_body(request, MAX_FORM)).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise web.HTTPBadRequest from None
    return {name: value.replace("\0", "") for name, value in fields}


def texts_for_guest(request: web.Request, services: Services) -> Texts:
    """The language of the address, else of the browser."""
    wished = request.query.get("lang")
    chosen = wished if wished in LANGUAGES else preferred_language(request.headers.get("Accept-Language", ""))
    return services.catalogues.of(chosen)


def not_there(area: Area, request: web.Request, texts: Texts) -> web.Response:
    """The answer for an address that does not exist, or not for this person."""
    return area.render(request, "message.html", texts, 404, message=texts.plain("web.not_there"))


def _signed_out(area: Area, by_itself: bool) -> web.Response:
    response = redirect(f"{area.path}/sign-in")
    if by_itself:
        response.set_status(401)
    return response


async def _keep_alive(
    services: Services, visitor: Visitor, token: tokens.Token, response: web.StreamResponse, cookie: str
) -> None:
    """A page that the person asked for is use of the session, and gives its browser a new token when it is due.

    What a page fetches by itself is no use: an unattended screen ends with its token."""
    async with acting(services) as session:
        await browsers.touch(session, visitor.number, services.now())
    following = await next_token(services, token)
    if following is not None:
        set_cookie(response, cookie, following, browsers.TOKEN_LIFETIME)
