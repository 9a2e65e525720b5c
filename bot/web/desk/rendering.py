"""The desk's pages from their templates, with the headers of every page."""

from functools import cache
from importlib.resources import files
from typing import Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.web.shared.lists import CsvFile
from bot.web.verify import SECURITY_HEADERS
from handlers.ui.texts import LANGUAGES, Texts
from workflow.actors import Actor
from workflow.audit.spreadsheet import csv_text
from workflow.permissions import GRANTS, STAFF, Permission

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    **SECURITY_HEADERS,
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",  # with "no-referrer" browsers send forms without their origin
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
ASSETS: Final = {
    "desk.css": "text/css",
    "worklist.js": "text/javascript",
    "install.js": "text/javascript",
    "notices.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
PAGES: Final = (
    ("/desk/worklist", "worklist", Permission.SEE_QUEUE),
    ("/desk/patients", "patients", Permission.FIND_PATIENT),
    ("/desk/house", "house", Permission.SEE_STAFF),
    ("/desk/week", "week", Permission.SEE_WEEK),
    ("/desk/record", "record", Permission.SEE_AUDIT),
    ("/desk/model", "model", Permission.SEE_MODEL),
    ("/desk/account", "my_account", Permission.SEE_SESSIONS),
)
THEME_COOKIE: Final = "__Host-csss-theme"
THEMES: Final = ("dark", "light")


class Words:
    """The sentences `web.…` of one language, for templates: `w.title`, or `w("count", n=3)`."""

    def __init__(self, texts: Texts) -> None:
        self.texts, self._known = texts, dict[str, str]()

    def __getattr__(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = self(name)
        return self._known[name]

    def __call__(self, name: str, **values: object) -> str:
        if not self.texts.has(f"web.{name}"):
            raise AttributeError(name)
        return self.texts.plain(f"web.{name}", **values)


def render(request: web.Request, name: str, texts: Texts, status: int = 200, **values: object) -> web.Response:
    """A page, private and never stored."""
    theme = request.cookies.get(THEME_COOKIE)
    shown = {
        "w": Words(texts),
        "texts": texts,
        "hospital": texts.hospital,
        "languages": {code: texts.plain(f"language.{code}") for code in ("ask", *LANGUAGES)},
        "theme": theme if theme in THEMES else THEMES[0],
        "path": request.path,
        "pages_of": pages_of,
        "staff_roles": lambda actor: [role for role in actor.roles if role in STAFF and role is not actor.role],
        "visitor": None,
        **values,
    }
    body = _templates().get_template(name).render(shown)
    return web.Response(text=body, content_type="text/html", status=status, headers=HEADERS)


def pages_of(actor: Actor) -> list[tuple[str, str]]:
    """Address and name of each page that this person may see."""
    return [(address, name) for address, name, operation in PAGES if actor.role in GRANTS[operation]]


def csv_file(file: CsvFile) -> web.Response:
    """A list as a file that spreadsheets open, never stored by the way."""
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{file.name}.csv"'}
    return web.Response(text=csv_text(file.head, file.rows), content_type="text/csv", charset="utf-8", headers=headers)


def redirect(address: str) -> web.Response:
    """See another page by GET."""
    return web.Response(status=303, content_type="text/html", headers={**HEADERS, "Location": address})


async def asset(request: web.Request) -> web.Response:
    """A style sheet or script; 404 for any other name."""
    name = request.match_info["asset"]
    if name not in ASSETS:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=asset_text(name), content_type=ASSETS[name], charset="utf-8", headers=headers)


@cache
def asset_text(name: str) -> str:
    """A file that lies beside the templates."""
    return (files("bot.web") / "pages" / "desk" / name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    loader = PackageLoader("bot.web", "pages/desk")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
