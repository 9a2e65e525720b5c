"""Pages from templates, with the headers of every page: of the desk, and of a patient."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from aiohttp import web
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

from bot.web.verify import SECURITY_HEADERS
from handlers.ui.texts import LANGUAGES, Texts
from models.vocabulary import Role

THEME_COOKIE: Final = "__Host-csss-theme"


def page_headers(frame_ancestors: str = "'none'") -> dict[str, str]:
    """Headers of a page that nothing stores, and that only these addresses may frame."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {frame_ancestors}"
    )
    return {
        **SECURITY_HEADERS,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",  # with "no-referrer" browsers send forms without their origin
        **({"X-Frame-Options": "DENY"} if frame_ancestors == "'none'" else {}),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }


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


class Area(NamedTuple):
    """Pages below one address, with templates and assets of their own, for the sessions of some roles.

    `cookies`: of those sessions, the first that a browser sends counts. `themes`: the first one is shown unasked.
    `shared`: further values of every template; `assets`: names and types of the files that anybody may fetch.
    `home`: the page that a click on a notice looks for; `title`: key of the area's name."""

    path: str
    folder: str
    title: str
    home: str
    style: str
    roles: frozenset[Role]
    cookies: tuple[str, ...]
    themes: tuple[str, ...]
    assets: Mapping[str, str]
    shared: Mapping[str, object]
    headers: Callable[[web.Request], Mapping[str, str]]

    def render(
        self, request: web.Request, name: str, texts: Texts, status: int = 200, **values: object
    ) -> web.Response:
        """A page, private and never stored."""
        theme = request.cookies.get(THEME_COOKIE)
        shown = {
            "w": Words(texts),
            "texts": texts,
            "hospital": texts.hospital,
            "languages": {code: texts.plain(f"language.{code}") for code in ("ask", *LANGUAGES)},
            "theme": theme if theme in self.themes else self.themes[0],
            "path": request.path,
            "visitor": None,
            "area": self,
            **self.shared,
            **values,
        }
        body = _templates(self.folder).get_template(name).render(shown)
        return web.Response(text=body, content_type="text/html", status=status, headers=self.headers(request))

    async def asset(self, request: web.Request) -> web.Response:
        """A style sheet or script; 404 for any other name."""
        name = request.match_info["asset"]
        if name not in self.assets:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
        text = asset_text(self.folder, name)
        return web.Response(text=text, content_type=self.assets[name], charset="utf-8", headers=headers)


def redirect(address: str) -> web.Response:
    """See another page by GET."""
    return web.Response(status=303, content_type="text/html", headers={**page_headers(), "Location": address})


@cache
def asset_text(folder: str, name: str) -> str:
    """A file that lies beside the templates of an area, or of all."""
    own = files("bot.web") / "pages" / folder / name
    return (own if own.is_file() else files("bot.web") / "pages" / "shared" / name).read_text(encoding="utf-8")


@cache
def _templates(folder: str) -> Environment:
    """The area's own, those of all areas, and below `report/` the shapes that reports are drawn with."""
    own = [PackageLoader("bot.web", f"pages/{one}") for one in (folder, "shared")]
    loader = ChoiceLoader([*own, PrefixLoader({"report": PackageLoader("reports")})])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
