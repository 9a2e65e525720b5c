"""`/verify/<token>`: what the QR code on a report leads to. It answers whoever holds the paper and names nobody."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.services import Clinic
from handlers.shared.verify_report import judgement
from handlers.ui.texts import LANGUAGES, Texts, bare
from models.base import looking
from workflow.reporting.verification import Pace, Standing, Version, version_of

CLINIC: Final = web.AppKey("verifying clinic", Clinic)
PACE: Final = web.AppKey("pace", Pace)
GUARDED: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address is the token
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
WORDS: Final = (
    *("title", "number", "version", "issued", "compare", "compare_lead", "choose", "drop", "busy", "same", "differs"),
    *("failed", "by_hand", "chat_file", "mail_file", "nobody"),
)
ASSETS: Final = {"verify.css": "text/css", "verify.js": "text/javascript"}


def add_verification(app: web.Application, clinic: Clinic) -> None:
    app[CLINIC], app[PACE] = clinic, Pace()
    app.router.add_get("/verify/{token}", verify)
    for name in ASSETS:
        app.router.add_get(f"/{name}", asset)


async def verify(request: web.Request) -> web.Response:
    clinic, now = request.app[CLINIC], datetime.now(UTC)
    texts = clinic.catalogues.of(request.query.get("lang") or spoken(request.headers.get("Accept-Language", "")))
    if not request.app[PACE].allows(asker(request), now):
        return web.Response(text=texts.plain("verify.too_many"), status=429, headers={**GUARDED, "Retry-After": "60"})
    async with looking(clinic.sessions) as session:
        version = await version_of(session, request.match_info["token"])
    body = _page(clinic.letterhead.hospital.name, version, texts)
    status = 404 if version is None else 410 if version.withdrawn else 200
    return web.Response(text=body, content_type="text/html", status=status, headers=GUARDED)


async def asset(request: web.Request) -> web.Response:
    name = request.path.removeprefix("/")
    kept = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=_asset(name), content_type=ASSETS[name], charset="utf-8", headers=kept)


def spoken(accepted: str) -> str | None:
    """The first of our languages in an Accept-Language header, by the reader's own weights."""
    weighed = []
    for part in accepted.split(","):
        code, _, weight = part.partition(";q=")
        weighed.append((_weight(weight), code.strip().split("-")[0].lower()))
    ours = [code for _, code in sorted(weighed, key=lambda one: -one[0]) if code in LANGUAGES]
    return ours[0] if ours else None


def _weight(written: str) -> float:
    try:
        return float(written or 1)
    except ValueError:
        return 1.0


def asker(request: web.Request) -> str:
    """The address that asks: behind a proxy on this machine, the one that the proxy saw."""
    seen = request.remote or ""
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return told if told and seen in {"127.0.0.1", "::1"} else seen


def _page(hospital: str, version: Version | None, texts: Texts) -> str:
    return (
        _templates()
        .get_template("verify.html")
        .render(
            texts=texts,
            say={word: texts.plain(f"verify.{word}") for word in WORDS},
            languages={code: texts.plain(f"language.{code}") for code in ("ask", *LANGUAGES)},
            hospital=hospital,
            version=None if version and version.withdrawn else version,
            standing=version.standing if version else Standing.UNKNOWN,
            sentence=bare(judgement(version, texts)),
        )
    )


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("bot.web", "pages"), autoescape=True, undefined=StrictUndefined)


@cache
def _asset(name: str) -> str:
    return (files("bot.web") / "pages" / name).read_text(encoding="utf-8")
