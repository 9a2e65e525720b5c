"""The desk as an installed app: manifest, service worker and the page without a connection. None holds health data."""

from aiohttp import web

from bot.web.desk.guard import texts_for_guest
from bot.web.desk.rendering import HEADERS, asset_text, render
from bot.web.verify import SERVICES


async def manifest(request: web.Request) -> web.Response:
    """Name and icon of the app, in the language of the browser."""
    texts = texts_for_guest(request, request.app[SERVICES])
    icon = {"src": "/desk/assets/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    described = {
        "id": "/desk",
        "name": f"{texts.plain('web.desk')} · {texts.hospital}",
        "short_name": texts.plain("web.desk"),
        "lang": texts.language,
        "start_url": "/desk",
        "scope": "/desk",
        "display": "standalone",
        "background_color": "#0b0f12",
        "theme_color": "#161c21",
        "icons": [icon],
    }
    headers = {**HEADERS, "Cache-Control": "max-age=3600"}
    return web.json_response(described, content_type="application/manifest+json", headers=headers)


async def service_worker(_: web.Request) -> web.Response:
    """Its address lies above the pages that it serves."""
    headers = {**HEADERS, "Cache-Control": "no-cache", "Service-Worker-Allowed": "/desk"}
    text = asset_text("service-worker.js")
    return web.Response(text=text, content_type="text/javascript", charset="utf-8", headers=headers)


async def offline(request: web.Request) -> web.Response:
    texts = texts_for_guest(request, request.app[SERVICES])
    return render(request, "message.html", texts, message=texts.plain("web.offline"))
