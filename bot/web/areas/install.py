"""An area as an installed app: manifest, service worker and the page without a connection. None holds health data."""

from aiohttp import web

from bot.web.areas.guard import texts_for_guest
from bot.web.areas.rendering import Area, asset_text
from bot.web.verify import SERVICES


def add_install_routes(add: web.UrlDispatcher, area: Area) -> None:
    """The files that anybody may fetch, and that the installed app keeps."""
    path = area.path

    async def manifest(request: web.Request) -> web.Response:
        """Name and icon of the app, in the language of the browser."""
        texts = texts_for_guest(request, request.app[SERVICES])
        icon = {"src": f"{path}/assets/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
        name, dark = texts.plain(area.title), area.themes[0] == "dark"
        described = {
            "id": path,
            "name": f"{name} · {texts.hospital}",
            "short_name": name,
            "lang": texts.language,
            "start_url": path,
            "scope": path,
            "display": "standalone",
            "background_color": "#0b0f12" if dark else "#ffffff",
            "theme_color": "#161c21" if dark else "#0b5c6c",
            "icons": [icon],
        }
        headers = {**area.headers(request), "Cache-Control": "max-age=3600"}
        return web.json_response(described, content_type="application/manifest+json", headers=headers)

    async def service_worker(request: web.Request) -> web.Response:
        """Its address lies above the pages that it serves."""
        headers = {**area.headers(request), "Cache-Control": "no-cache", "Service-Worker-Allowed": path}
        text = asset_text(area.folder, "service-worker.js")
        for name, value in (("area", path), ("style", area.style), ("home", area.home), ("tag", path.strip("/"))):
            text = text.replace(f"{{{name}}}", value)
        return web.Response(text=text, content_type="text/javascript", charset="utf-8", headers=headers)

    async def offline(request: web.Request) -> web.Response:
        texts = texts_for_guest(request, request.app[SERVICES])
        return area.render(request, "message.html", texts, message=texts.plain("web.offline"))

    add.add_get(f"{path}/assets/{{asset}}", area.asset)
    add.add_get(f"{path}/manifest.webmanifest", manifest)
    add.add_get(f"{path}/service-worker.js", service_worker)
    add.add_get(f"{path}/offline", offline)
