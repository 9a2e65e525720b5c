"""Mini Apps: the address that a client opens, with the init data that Telegram signs with the bot's token."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.dev.sandbox.api.bot_api import dumped
from bot.dev.sandbox.api.requests import read_json
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.people import ClientRequestRefused
from bot.dev.sandbox.store import Person

VERSION: Final = "8.0"
THEME: Final = {"bg_color": "#ffffff", "text_color": "#17242c"}


def init_data(token: str, person: Person, at: int) -> str:
    """The query string of `window.Telegram.WebApp.initData` at this Unix time, another one for each opening."""
    user = {"id": person.chat_id, "first_name": person.name, "language_code": person.language_code}
    query = f"AAE{token_urlsafe(12)}"
    fields = {"auth_date": str(at), "query_id": query, "user": json.dumps(user, separators=(",", ":"))}
    checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode(fields | {"hash": hmac.new(key, checked.encode(), hashlib.sha256).hexdigest()}, quote_via=quote)


@dataclass
class WebApps:
    """`POST /client/chats/<chat_id>/web_app` with a button's `{"message_id", "url"}` answers `{"address"}`."""

    engine: Engine
    token: str

    def routes(self) -> list[web.RouteDef]:
        return [web.post(r"/client/chats/{chat_id:\d+}/web_app", self.open)]

    async def open(self, request: web.Request) -> web.Response:
        given = await read_json(request)
        person = self.engine.store.people.get(int(request.match_info["chat_id"]))
        address = str(given.get("url"))
        if person is None or not self._is_offered(person, given.get("message_id"), address):
            raise ClientRequestRefused(404, "this chat has no such button")
        data = init_data(self.token, person, self.engine.now())
        hidden = urlencode(
            {
                "tgWebAppData": data,
                "tgWebAppVersion": VERSION,
                "tgWebAppPlatform": "web",
                "tgWebAppThemeParams": json.dumps(THEME),
            },
            quote_via=quote,
        )
        return web.Response(body=dumped({"address": f"{address}#{hidden}"}), content_type="application/json")

    def _is_offered(self, person: Person, message_id: object, address: str) -> bool:
        entry = self.engine.store.find(person.chat_id, message_id) if isinstance(message_id, int) else None
        rows = (entry.body.get("reply_markup") or {}).get("inline_keyboard", []) if entry else []
        return any((key.get("web_app") or {}).get("url") == address for row in rows for key in row)
