"""A program at the desk's API, as its requests: a bearer token and JSON."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp.test_utils import TestClient, TestServer

from bot.dev.demo import PASSWORD
from bot.web.app import build_web_app
from tests.support.people import CODE, Clinic

BASE: Final = "/api/v1"


class Reply:
    """An answer: status, headers, and what its JSON says; `text` where it is none."""

    def __init__(self, status: int, headers: Any, text: str, body: Any) -> None:
        self.status, self.headers, self.text, self.body = status, headers, text, body

    @property
    def key(self) -> str:
        """The stable key of a problem."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self.text
        key: str = self.body["key"]
        return key


class Program:
    """Keeps the token of its session."""

    def __init__(self, web: TestClient[Any, Any]) -> None:
        self.web, self.token = web, ""

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.asks("GET", path, headers=headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Reply:
        return await self.asks("POST", path, json={} if body is None else body, headers=headers)

    async def asks(self, method: str, path: str, **sent: Any) -> Reply:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        named = {name.replace("_", "-"): value for name, value in sent.pop("headers", {}).items()}
        answer = await self.web.request(method, f"{BASE}{path}", headers=bearer | named, **sent)
        assert answer.headers["Cache-Control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert "Set-Cookie" not in answer.headers
        text = await answer.text()
        is_json = "json" in answer.headers.get("Content-Type", "")
        if answer.status >= 400:
            assert answer.headers["Content-Type"].startswith("application/problem+json"), text
        return Reply(answer.status, answer.headers, text, await answer.json(content_type=None) if is_json else None)

    async def signs_in(self, clinic: Clinic, email: str) -> Reply:
        """With the password and the mailed code."""
        earlier = await clinic.telegram.mails(email)
        asked = await self.post("/session", {"email": email, "password": PASSWORD})
        assert asked.status == 202, asked.text
        code = await mailed_code(clinic, email, earlier)
        entered = await self.post("/session/code", {"challenge": asked.body["challenge"], "code": code})
        assert entered.status == 201, entered.text
        self.token = entered.body["token"]
        return entered

    async def proves(self, clinic: Clinic, email: str) -> None:
        """With the mailed code that an operation asks for."""
        earlier = await clinic.telegram.mails(email)
        assert (await self.post("/session/proof")).status == 204
        code = await mailed_code(clinic, email, earlier)
        assert (await self.post("/session/proof/code", {"code": code})).status == 204


async def mailed_code(clinic: Clinic, email: str, earlier: list[Any]) -> str:
    """The code of the next mail with one."""
    last = earlier[-1] if earlier else None
    mail = await clinic.telegram.mail_to(email, after=last, containing="Your code")
    code: str = CODE.findall(mail.text)[0]
    return code


@asynccontextmanager
async def programming(clinic: Clinic, ahead: timedelta = timedelta(0)) -> AsyncIterator[Program]:
    """A program at the web app, whose clock is so far ahead."""
    services = clinic.app.services._replace(now=lambda: datetime.now(UTC) + ahead)
    server = TestServer(build_web_app(services, clinic.app.metrics))
    await server.start_server(auto_decompress=False)  # as `bot.web.app.listening`
    async with TestClient(server) as web:
        yield Program(web)
