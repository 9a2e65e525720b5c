"""`/verify/<token>`, the page of a report's QR code: is this version valid? It shows no names and no health data."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.services import Services
from handlers.ui.texts import LANGUAGES, Texts, plain_text
from handlers.views.reports import validity_sentence
from models.base import read_only
from workflow.reporting.verification import ReportVersion, Validity, lookup_buckets, version_of
from workflow.token_bucket import TokenBuckets

SERVICES: Final = web.AppKey("services of the verify page", Services)
Networks = Sequence[IPv4Network | IPv6Network]
PROXIES: Final = web.AppKey("proxies", Sequence)
LOOKUPS: Final = web.AppKey("lookups", TokenBuckets)
CUSTOMER_PREFIX: Final = 64  # bits of an IPv6 address that its holder does not choose
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address is the token
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
PAGE_KEYS: Final = (
    *("title", "number", "version", "issued", "compare", "compare_lead", "choose", "drop", "busy", "same", "differs"),
    *("failed", "by_hand", "chat_file", "mail_file", "nobody"),
)
ASSETS: Final = {"verify.css": "text/css", "verify.js": "text/javascript"}


def add_verify_routes(app: web.Application, services: Services, proxies: Networks) -> None:
    app[SERVICES], app[LOOKUPS], app[PROXIES] = services, lookup_buckets(), proxies
    app.router.add_get("/verify/{token}", verify)
    for name in ASSETS:
        app.router.add_get(f"/{name}", asset)


async def verify(request: web.Request) -> web.Response:
    """200 for a known version, 404 for an unknown token, 410 after erasure, 429 above the rate limit."""
    services = request.app[SERVICES]
    texts = services.catalogues.of(
        request.query.get("lang") or preferred_language(request.headers.get("Accept-Language", ""))
    )
    if not request.app[LOOKUPS][client_network(request)].spend():
        return web.Response(
            text=texts.plain("verify.too_many"), status=429, headers={**SECURITY_HEADERS, "Retry-After": "60"}
        )
    async with read_only(services.sessions) as session:
        version = await version_of(session, request.match_info["token"])
    body = _page(services.issuer.hospital.name, version, texts)
    status = 404 if version is None else 410 if version.withdrawn else 200
    return web.Response(text=body, content_type="text/html", status=status, headers=SECURITY_HEADERS)


async def asset(request: web.Request) -> web.Response:
    """The page's style sheet or script."""
    name = request.path.removeprefix("/")
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=_asset(name), content_type=ASSETS[name], charset="utf-8", headers=headers)


def preferred_language(header: str) -> str | None:
    """The supported language with the highest weight in an Accept-Language header; None if there is none."""
    weighted = []
    for part in header.split(","):
        code, _, weight = part.partition(";q=")
        weighted.append((_weight(weight), code.strip().split("-")[0].lower()))
    by_weight = [code for _, code in sorted(weighted, key=lambda item: -item[0]) if code in LANGUAGES]
    return by_weight[0] if by_weight else None


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 1.0


def client_address(request: web.Request) -> str:
    """The client's address; behind proxies of CSSS_PROXIES, the last one in X-Forwarded-For that is none of them."""
    client, proxies = request.remote or "", request.app[PROXIES]
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not _is_among(client, proxies) or _parsed(hop) is None:
            break
        client = hop.strip()
    return client


def client_network(request: web.Request) -> str:
    """The network that limits count: the IPv4 address, or the /64 of the IPv6 address, which one customer has."""
    parsed = _parsed(client_address(request))
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, CUSTOMER_PREFIX), strict=False))
    return str(parsed)


def _is_among(address: str, networks: Networks) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address.strip())
    except ValueError:
        return None


def _page(hospital: str, version: ReportVersion | None, texts: Texts) -> str:
    return (
        _templates()
        .get_template("verify.html")
        .render(
            texts=texts,
            labels={key: texts.plain(f"verify.{key}") for key in PAGE_KEYS},
            languages={code: texts.plain(f"language.{code}") for code in ("ask", *LANGUAGES)},
            hospital=hospital,
            version=None if version and version.withdrawn else version,
            validity=version.validity if version else Validity.UNKNOWN,
            sentence=plain_text(validity_sentence(version, texts)),
        )
    )


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("bot.web", "pages"), autoescape=True, undefined=StrictUndefined)


@cache
def _asset(name: str) -> str:
    return (files("bot.web") / "pages" / name).read_text(encoding="utf-8")
