"""The viewer's page and its data: each film is decoded behind the decoder's walls, sent once and recorded."""

from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from aiohttp import web

from bot.addresses import TELEGRAM_WEB, web_chat_of
from bot.patient_files import read_file
from bot.services import Services
from bot.web.areas.cookies import APP_COOKIE, SESSION_COOKIE
from bot.web.areas.guard import is_own_origin, visitor_of
from bot.web.areas.rendering import THEME_COOKIE
from bot.web.desk.rendering import DESK
from bot.web.verify import SECURITY_HEADERS, SERVICES, client_network, preferred_language
from bot.web.viewer.access import (
    Unauthorised,
    Viewer,
    init_data_of,
    open_session,
    read_init_data,
    use_init_data,
    viewer_of,
)
from bot.web.viewer.checked import json_answer, private_headers, refusal, signed_in
from bot.web.viewer.films import pack
from bot.web.viewer.reading.routes import add_reading_routes
from handlers.ui.texts import plain_text
from handlers.views.identity import identity_line
from inference.errors import Refused
from models.crypto.vault import Content
from models.tables.scans import Scan
from workflow.accounts.browsers.sessions import SessionEnded
from workflow.audit import chain
from workflow.permissions import GRANTS, STAFF
from workflow.reporting import history
from workflow.scans import queries
from workflow.token_bucket import TokenBuckets
from workflow.transitions import Action

ATTEMPTS: Final = web.AppKey("viewer attempts", TokenBuckets)
FILMS: Final = web.AppKey("viewer films", TokenBuckets)
WEB_CHAT: Final = web.AppKey("web chat", str)
SCRIPTS: Final = ("main", "film", "sharpen", "view", "slices", "compare", "measures", "session", "reading")
ASSETS: Final = {
    **dict.fromkeys(("viewer.css", "reading.css"), "text/css"),
    **dict.fromkeys((f"{name}.js" for name in SCRIPTS), "text/javascript"),
}
LABELS: Final = (
    "title", "loading", "back", "signed_out", "failed", "forbidden", "busy", "picture", "keys",
    "move", "window", "ruler", "ratio", "draw_ratio", "ratio_is", "mm", "detector_mm", "no_scale",
    "preset", "own", "full", "lungs", "mediastinum", "bone", "invert", "sharpen", "sharpened", "rotate", "flip",
    "zoom_in", "zoom_out", "reset", "slice_before", "slice_after", "play", "heat_map", "earlier", "wipe", "wipe_at",
    "reading", "draft", "no_draft", "gone", "save", "go_on", "read_then_sign", "again", "unsaved",
)  # fmt: skip
MAX_EARLIER: Final = 20


def add_viewer_routes(app: web.Application, services: Services) -> None:
    """Needs `add_verify_routes` before."""
    app[ATTEMPTS], app[FILMS] = TokenBuckets(20, 20 / 60), TokenBuckets(60, 1)
    app[WEB_CHAT] = web_chat_of(services.bot.session.api.base)
    app.router.add_get("/viewer", page)
    app.router.add_get("/viewer/{asset}", asset)
    app.router.add_post("/viewer/session", start)
    scan = r"/viewer/scans/{scan_id:\d{1,15}}"
    app.router.add_get(scan, signed_in(facts, patients=True))
    app.router.add_get(f"{scan}/film", signed_in(film, patients=True))
    app.router.add_get(f"{scan}/heat-map", signed_in(heat_map))
    add_reading_routes(app.router)


async def page(request: web.Request) -> web.Response:
    """The empty page; what it shows is asked for with a session."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob:; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {TELEGRAM_WEB} {request.app[WEB_CHAT]}"
    )
    headers = {**SECURITY_HEADERS, "Content-Security-Policy": policy}
    texts = request.app[SERVICES].catalogues.of(preferred_language(request.headers.get("Accept-Language", "")))
    theme = request.cookies.get(THEME_COOKIE)
    body = _asset("viewer.html").replace("{signed_out}", escape(texts.plain("viewer.signed_out")))
    body = body.replace("{theme}", theme if theme in DESK.themes else DESK.themes[0])
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
        return refusal(401) if may_try else refusal(429, {"Retry-After": "60"})
    texts = services.catalogues.of(viewer.actor.language)
    labels = {name: texts.plain(f"viewer.{name}") for name in LABELS}
    back = None if viewer.actor.role in STAFF else "/my/scans"  # staff close it
    return json_answer({"token": token, "language": texts.language, "labels": labels, "back": back})


async def _token(request: web.Request, services: Services) -> str:
    """Raises Unauthorised."""
    given = await init_data_of(request)
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
    """The patient's identity, the slices of its album, and whether the role reads films; for staff the heat map and
    the patient's earlier films."""
    texts = services.catalogues.of(viewer.actor.language)
    is_staff = viewer.actor.role in STAFF
    async with services.sessions() as session:
        earlier = history.History()
        if is_staff:
            earlier = await history.earlier_scans(session, viewer.actor, scan, texts.language, MAX_EARLIER)
        slices = sorted([scan.id, *(one.id for one in await queries.other_slices(session, scan))])
    return json_answer(
        {
            "scan": scan.id,
            "title": plain_text(identity_line(scan, texts)),
            "heat_map": is_staff and scan.finding is not None and scan.finding.heatmap_file is not None,
            "slices": slices,
            "reads": viewer.actor.role in GRANTS[Action.WRITE_FINDINGS],
            "earlier": [
                {"scan": one.id, "title": f"#{one.id} · {texts.date_of(one.created_at)}"} for one, _ in earlier.scans
            ],
        }
    )


async def film(request: web.Request, services: Services, viewer: Viewer, scan: Scan) -> web.Response:
    """The original's pixels at their full depth; 422 where the file can no longer be decoded."""
    if not request.app[FILMS][viewer.actor.account_id].spend():
        return refusal(429, {"Retry-After": "2"})
    original = await read_file(services, scan.patient_id, scan.original_file, Content.ORIGINAL)
    run = services.decoder.run if viewer.actor.role in STAFF else services.decoder.run_upload
    try:
        packed = await run(lambda: pack(services.decoder.decode_full_depth(original)))
    except Refused:
        return refusal(422)
    await _record(services, viewer, scan, "viewer")
    headers = {**private_headers(), "Content-Encoding": "deflate", "X-Film": packed.facts}
    return web.Response(body=packed.pixels, content_type="application/octet-stream", headers=headers)


async def heat_map(request: web.Request, services: Services, viewer: Viewer, scan: Scan) -> web.Response:  # noqa: ARG001 - a handler's form
    """The heat map on the film as it was read, as JPEG; never for a patient."""
    if scan.finding is None or scan.finding.heatmap_file is None:
        return refusal(404)
    picture = await read_file(services, scan.patient_id, scan.finding.heatmap_file, Content.HEAT_MAP)
    await _record(services, viewer, scan, "heat_map")
    return web.Response(body=picture, content_type="image/jpeg", headers=private_headers())


async def _record(services: Services, viewer: Viewer, scan: Scan, view: str) -> None:
    async with services.sessions.begin() as session:
        await chain.record_read(session, viewer.actor, scan, view, services.now())


async def _browser(request: web.Request, services: Services) -> int:
    """The number of the browser that is signed in to the desk. Raises Unauthorised."""
    if services.base_url is None or not is_own_origin(request, services):
        raise Unauthorised
    try:
        visitor, _ = await visitor_of(request, services, (SESSION_COOKIE, APP_COOKIE))
    except SessionEnded as error:
        raise Unauthorised from error
    return visitor.number


@cache
def _asset(name: str) -> str:
    return (files("bot.web") / "pages" / "viewer" / name).read_text(encoding="utf-8")
