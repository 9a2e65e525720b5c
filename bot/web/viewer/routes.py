"""The viewer's page and its data: each film is decoded behind the decoder's walls, sent once and recorded."""

import json
from collections.abc import Awaitable, Callable
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from aiohttp import web

from bot.addresses import TELEGRAM_WEB, web_chat_of
from bot.patient_files import read_file
from bot.services import Services
from bot.web.areas.cookies import SESSION_COOKIE
from bot.web.areas.guard import is_own_origin, visitor_of
from bot.web.bodies import read_body
from bot.web.verify import SECURITY_HEADERS, SERVICES, client_network, preferred_language
from bot.web.viewer.access import Unauthorised, Viewer, open_session, read_init_data, use_init_data, viewer_of
from bot.web.viewer.films import pack
from handlers.ui.texts import plain_text
from handlers.views.identity import identity_line
from inference.errors import Refused
from models.crypto.vault import Content
from models.tables.scans import Scan
from workflow.accounts.browsers.sessions import SessionEnded
from workflow.audit import chain
from workflow.errors import NotAllowed, NotFound
from workflow.permissions import Permission
from workflow.reporting import history
from workflow.scans import queries
from workflow.token_bucket import TokenBuckets

ATTEMPTS: Final = web.AppKey("viewer attempts", TokenBuckets)
FILMS: Final = web.AppKey("viewer films", TokenBuckets)
WEB_CHAT: Final = web.AppKey("web chat", str)
SCRIPTS: Final = ("main", "film", "sharpen", "view", "slices", "compare", "measures", "session")
ASSETS: Final = {
    "viewer.css": "text/css",
    **dict.fromkeys((f"{name}.js" for name in SCRIPTS), "text/javascript"),
}
LABELS: Final = (
    "title", "loading", "signed_out", "failed", "forbidden", "busy", "picture", "keys",
    "move", "window", "ruler", "ratio", "draw_ratio", "ratio_is", "mm", "detector_mm", "no_scale",
    "preset", "own", "full", "lungs", "mediastinum", "bone", "invert", "sharpen", "sharpened", "rotate", "flip",
    "zoom_in", "zoom_out", "reset", "slice_before", "slice_after", "play", "heat_map", "earlier", "wipe", "wipe_at",
)  # fmt: skip
MAX_EARLIER: Final = 20
MAX_INIT_DATA: Final = 16_384  # bytes; Telegram's own are below 4 KB
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_viewer_routes(app: web.Application, services: Services) -> None:
    """Needs `add_verify_routes` before."""
    app[ATTEMPTS], app[FILMS] = TokenBuckets(20, 20 / 60), TokenBuckets(60, 1)
    app[WEB_CHAT] = web_chat_of(services.bot.session.api.base)
    app.router.add_get("/viewer", page)
    app.router.add_get("/viewer/{asset}", asset)
    app.router.add_post("/viewer/session", start)
    scan = r"/viewer/scans/{scan_id:\d{1,15}}"
    app.router.add_get(scan, _signed_in(facts))
    app.router.add_get(f"{scan}/film", _signed_in(film))
    app.router.add_get(f"{scan}/heat-map", _signed_in(heat_map))


async def page(request: web.Request) -> web.Response:
    """The empty page; what it shows is asked for with a session."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob:; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {TELEGRAM_WEB} {request.app[WEB_CHAT]}"
    )
    headers = {**SECURITY_HEADERS, "Content-Security-Policy": policy}
    texts = request.app[SERVICES].catalogues.of(preferred_language(request.headers.get("Accept-Language", "")))
    body = _asset("viewer.html").replace("{signed_out}", escape(texts.plain("viewer.signed_out")))
    return web.Response(text=body, content_type="text/html", headers=headers)


async def asset(request: web.Request) -> web.Response:
    """A style sheet or script of the page."""
    name = request.match_info["asset"]
    if name not in ASSETS:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=_asset(name), content_type=ASSETS[name], charset="utf-8", headers=headers)


async def start(request: web.Request) -> web.Response:
    """Give the page its words and a session's token: the one that it has, or a new one for fresh init data, which
    are exchanged once, or for the cookie of a browser at the desk.

    401 for any other, 429 above their rate, which shuts out nobody else of the same network."""
    services = request.app[SERVICES]
    try:
        token = await _token(request, services)
        async with services.sessions() as session:
            viewer = await viewer_of(session, services, f"Bearer {token}")
    except Unauthorised:
        may_try = request.app[ATTEMPTS][client_network(request)].spend()
        return _refusal(401) if may_try else _refusal(429, {"Retry-After": "60"})
    texts = services.catalogues.of(viewer.actor.language)
    labels = {name: texts.plain(f"viewer.{name}") for name in LABELS}
    return _json({"token": token, "language": texts.language, "labels": labels})


async def _token(request: web.Request, services: Services) -> str:
    """Raises Unauthorised."""
    given = await _init_data(request)
    if not given and (own := request.headers.get("Authorization", "").partition(" ")[2]):
        return own
    if given:
        opening = read_init_data(given, services.bot.token, services.now())
        async with services.sessions.begin() as session:
            await use_init_data(session, opening, services.now())
    chat_id = opening.chat_id if given else await _browser(request, services)
    async with services.sessions() as session:
        return await open_session(session, services, chat_id)


async def facts(request: web.Request, services: Services, viewer: Viewer, scan: Scan) -> web.Response:  # noqa: ARG001 - a handler's form
    """The patient's identity, the slices of its album, and the patient's earlier films."""
    texts = services.catalogues.of(viewer.actor.language)
    async with services.sessions() as session:
        earlier = await history.earlier_scans(session, viewer.actor, scan, texts.language, MAX_EARLIER)
        slices = sorted([scan.id, *(one.id for one in await queries.other_slices(session, scan))])
    return _json(
        {
            "scan": scan.id,
            "title": plain_text(identity_line(scan, texts)),
            "heat_map": scan.finding is not None and scan.finding.heatmap_file is not None,
            "slices": slices,
            "earlier": [
                {"scan": one.id, "title": f"#{one.id} · {texts.date_of(one.created_at)}"} for one, _ in earlier.scans
            ],
        }
    )


async def film(request: web.Request, services: Services, viewer: Viewer, scan: Scan) -> web.Response:
    """The original's pixels at their full depth; 422 where the file can no longer be decoded."""
    if not request.app[FILMS][viewer.actor.account_id].spend():
        return _refusal(429, {"Retry-After": "2"})
    original = await read_file(services, scan.patient_id, scan.original_file, Content.ORIGINAL)
    try:
        packed = await services.decoder.run(lambda: pack(services.decoder.decode_full_depth(original)))
    except Refused:
        return _refusal(422)
    await _record(services, viewer, scan, "viewer")
    headers = {**_private(), "Content-Encoding": "deflate", "X-Film": packed.facts}
    return web.Response(body=packed.pixels, content_type="application/octet-stream", headers=headers)


async def heat_map(request: web.Request, services: Services, viewer: Viewer, scan: Scan) -> web.Response:  # noqa: ARG001 - a handler's form
    """The heat map on the film as it was read, as JPEG."""
    if scan.finding is None or scan.finding.heatmap_file is None:
        return _refusal(404)
    picture = await read_file(services, scan.patient_id, scan.finding.heatmap_file, Content.HEAT_MAP)
    await _record(services, viewer, scan, "heat_map")
    return web.Response(body=picture, content_type="image/jpeg", headers=_private())


def _signed_in(handler: Callable[..., Awaitable[web.StreamResponse]]) -> Handler:
    """Check session, role and stage before the handler; 401 and 404 tell nothing else."""

    async def checked(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        try:
            async with services.sessions() as session:
                viewer = await viewer_of(session, services, request.headers.get("Authorization", ""))
                number = int(request.match_info["scan_id"])
                scan = await queries.scan_for(session, number, viewer.actor, Permission.SEE_HISTORY)
        except Unauthorised:
            return _refusal(401)
        except (NotFound, NotAllowed):
            return _refusal(404)
        return await handler(request, services, viewer, scan)

    return checked


async def _record(services: Services, viewer: Viewer, scan: Scan, view: str) -> None:
    async with services.sessions.begin() as session:
        await chain.record_read(session, viewer.actor, scan, view, services.now())


async def _browser(request: web.Request, services: Services) -> int:
    """The number of the browser that is signed in to the desk. Raises Unauthorised."""
    if services.base_url is None or not is_own_origin(request, services):
        raise Unauthorised
    try:
        visitor, _ = await visitor_of(request, services, (SESSION_COOKIE,))
    except SessionEnded as error:
        raise Unauthorised from error
    return visitor.number


async def _init_data(request: web.Request) -> str:
    """Raises Unauthorised for anything else than `{"init_data": "…"}`."""
    if (request.content_length or MAX_INIT_DATA + 1) > MAX_INIT_DATA:  # before the body is read
        raise Unauthorised
    try:
        given = json.loads(await read_body(request, MAX_INIT_DATA))
    except (ValueError, RecursionError) as error:
        raise Unauthorised from error
    found = given.get("init_data") if isinstance(given, dict) else None
    if not isinstance(found, str):
        raise Unauthorised
    return found


def _private() -> dict[str, str]:
    return {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _json(value: dict[str, Any]) -> web.Response:
    return web.json_response(value, headers=_private())


def _refusal(status: int, more: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"status": status}, status=status, headers={**_private(), **(more or {})})


@cache
def _asset(name: str) -> str:
    return (files("bot.web") / "pages" / "viewer" / name).read_text(encoding="utf-8")
