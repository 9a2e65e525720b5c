"""A patient's pages: which there are, and how they look."""

from functools import partial
from typing import Final

from aiohttp import web

from bot.addresses import TELEGRAM_WEB
from bot.web.areas import guard
from bot.web.areas.cookies import APP_COOKIE, SESSION_COOKIE
from bot.web.areas.rendering import Area, page_headers
from models.vocabulary import Role

WEB_CHAT: Final = web.AppKey("web chat that frames a patient's page", str)
PAGES: Final = (
    ("/my", "my_scans", "🩻"),
    ("/my/send", "my_send", "📤"),
    ("/my/reports", "my_reports", "📄"),
    ("/my/medicines", "my_medicines", "💊"),
    ("/my/account", "my_account", "👤"),
)
SCRIPTS: Final = ("enter.js", "send.js", "install.js", "notices.js")


def _headers(request: web.Request) -> dict[str, str]:
    """Telegram shows the pages inside its own."""
    return page_headers(f"{TELEGRAM_WEB} {request.app[WEB_CHAT]}")


MY: Final = Area(
    path="/my",
    folder="patient",
    title="web.my_page",
    home="/my",
    style="my.css",
    roles=frozenset({Role.PATIENT}),
    cookies=(APP_COOKIE, SESSION_COOKIE),
    themes=("light", "dark"),
    assets={"my.css": "text/css", "icon.svg": "image/svg+xml", **dict.fromkeys(SCRIPTS, "text/javascript")},
    shared={"pages": PAGES},
    headers=_headers,
)
render = MY.render
page = partial(guard.page, MY)
