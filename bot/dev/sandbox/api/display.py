"""Read-only HTTP endpoints: the web chat, sent files, caught mails and sample pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from aiohttp import web

from bot.dev.sandbox.api.client_api import reply
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.mailbox import Mail, Mailbox
from bot.dev.sandbox.people import ClientRequestRefused

STATIC: Final = Path(__file__).parents[1] / "static"
SHOWN_INLINE: Final = {
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "audio/ogg",
    "application/pdf",
    "text/plain",
}
"""Anything else, HTML above all, is only ever downloaded: it was written by strangers."""
LOCKED: Final = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class Sample(NamedTuple):
    """A picture that the web chat offers: `name` is the file name, `title` the label."""

    name: str
    title: str
    type: str
    data: bytes


@dataclass
class Display:
    """Read-only endpoints."""

    engine: Engine
    mailbox: Mailbox
    samples: Sequence[Sample] = ()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.page),
            web.get("/static/{name}", self.static),
            web.get("/client/files/{file_id}", self.file),
            web.get("/client/mails", self.mails),
            web.get(r"/client/mails/{id:\d+}/html", self.mail_html),
            web.get(r"/client/mails/{id:\d+}/raw", self.mail_raw),
            web.get(r"/client/mails/{id:\d+}/attachments/{index:\d+}", self.attachment),
            web.get("/client/samples", self.list_samples),
            web.get("/client/samples/{name}", self.sample),
        ]

    async def page(self, request: web.Request) -> web.FileResponse:  # noqa: ARG002 - a handler's form
        return _static_file("page.html")

    async def static(self, request: web.Request) -> web.FileResponse:
        return _static_file(request.match_info["name"])

    async def file(self, request: web.Request) -> web.Response:
        stored = self.engine.files.find(request.match_info["file_id"])
        if stored is None:
            raise ClientRequestRefused(404, "there is no such file")
        return _bytes(stored.data, stored.type, str(stored.shown.get("file_name", "photo.jpg")))

    async def mails(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler's form
        return reply([mail.view() for mail in self.mailbox.mails], seen=self.engine.events.last)

    async def mail_html(self, request: web.Request) -> web.Response:
        html = self._mail(request).html
        if html is None:
            raise ClientRequestRefused(404, "this mail has no HTML part")
        return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": LOCKED})

    async def mail_raw(self, request: web.Request) -> web.Response:
        """The mail as it came, an .eml file."""
        return _bytes(self._mail(request).raw, "message/rfc822", "mail.eml")

    async def attachment(self, request: web.Request) -> web.Response:
        attachments = self._mail(request).attachments
        index = int(request.match_info["index"])
        if index >= len(attachments):
            raise ClientRequestRefused(404, "there is no such attachment")
        return _bytes(attachments[index].data, attachments[index].type, attachments[index].name)

    async def list_samples(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler's form
        return reply([{"name": one.name, "title": one.title, "type": one.type} for one in self.samples])

    async def sample(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = next((one for one in self.samples if one.name == name), None)
        if found is None:
            raise ClientRequestRefused(404, "there is no such sample")
        return _bytes(found.data, found.type, found.name)

    def _mail(self, request: web.Request) -> Mail:
        number = int(request.match_info["id"])
        found = next((mail for mail in self.mailbox.mails if mail.id == number), None)
        if found is None:
            raise ClientRequestRefused(404, "there is no such mail")
        return found


def _static_file(name: str) -> web.FileResponse:
    path = STATIC / name
    if path.parent != STATIC or not path.is_file():
        raise ClientRequestRefused(404, "there is no such page")
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


def _bytes(data: bytes, media_type: str, name: str) -> web.Response:
    inline = media_type in SHOWN_INLINE
    headers = {
        "Content-Type": media_type if inline else "application/octet-stream",
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=data, headers=headers)
