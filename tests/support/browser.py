"""A browser at the desk's pages, as its requests: cookies, forms and the headers that browsers send."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from bot.web.app import build_web_app
from tests.support.people import CODE, Clinic

ORIGIN: Final = "https://scans.example.org"
FIREFOX: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
_KEPT: Final = (True, True, "Strict", "/")
_FRAMED: Final = (True, True, "None", "/")  # and partitioned: for a page inside Telegram's
FORM_TOKEN: Final = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


class Page:
    """An answer: status, headers, text."""

    def __init__(self, answer: ClientResponse, text: str) -> None:
        self.status, self.headers, self.text = answer.status, answer.headers, text

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


class Browser:
    """Keeps cookies as `__Host-` ones are kept, and the token of the last form."""

    def __init__(self, web: TestClient[Any, Any]) -> None:
        self.web, self.cookies, self.form_token = web, dict[str, str](), ""

    async def get(self, path: str, **headers: str) -> Page:
        return await self._take(await self._ask("GET", path, headers))

    async def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Page:
        data = {"form_token": self.form_token, **(fields or {})}
        return await self._take(await self._ask("POST", path, {"Origin": ORIGIN, **headers}, data))

    async def _ask(self, method: str, path: str, headers: dict[str, str], data: object = None) -> ClientResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"User-Agent": FIREFOX, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **given}
        return await self.web.request(method, path, headers=sent, data=data, allow_redirects=False)

    async def _take(self, answer: ClientResponse) -> Page:
        for line in answer.headers.getall("Set-Cookie", []):
            kept = _FRAMED if line.endswith("; Partitioned") else _KEPT  # which Python knows from 3.14 on
            for name, morsel in SimpleCookie(line.removesuffix("; Partitioned")).items():
                assert (morsel["secure"], morsel["httponly"], morsel["samesite"], morsel["path"]) == kept
                assert kept == _FRAMED or name != "__Host-csss-app"
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        text = await answer.text()
        found = FORM_TOKEN.search(text)
        if found:
            self.form_token = found[1]
        return Page(answer, text)

    async def types_password(self, email: str, password: str = PASSWORD) -> Page:
        await self.get("/desk/sign-in")
        return await self.post("/desk/sign-in", {"email": email, "password": password})

    async def signs_in(self, clinic: Clinic, email: str) -> None:
        """With the password and the mailed code."""
        earlier = await clinic.telegram.mails(email)
        asked = await self.types_password(email)
        assert asked.location.startswith("/desk/code"), asked.text
        mail = await clinic.telegram.mail_to(email, after=earlier[-1] if earlier else None)
        [code] = CODE.findall(mail.text)
        entered = await self.post("/desk/code", {"code": code})
        assert (entered.status, entered.location) == (303, "/desk"), entered.text

    async def opens_page(self, person: Person) -> Page:
        """The patient's page inside Telegram, by the button in the chat."""
        await person.sends("/page")
        await person.sees("Your page")
        address = await person.opens_web_app("My page", on="Your page")
        return await self.exchanges(parse_qs(urlsplit(address).fragment)["tgWebAppData"][0])

    async def exchanges(self, init_data: str, **headers: str) -> Page:
        """Init data for a session of a patient's page."""
        given = {"Content-Type": "application/json", "Origin": ORIGIN, **headers}
        body = json.dumps({"init_data": init_data})
        return await self._take(await self._ask("POST", "/my/session", given, body))

    async def opens_computer(self, person: Person) -> Page:
        """The patient's page on a computer, by the link from the chat and the number that this browser shows."""
        await person.sends("/computer")
        [path] = re.findall(r"(/my/open/\S+)", (await person.sees("Open this link on your own computer")).text)
        await self.get(path)
        assert (await self.post(path)).location.startswith("/my/waiting")
        [number] = re.findall(r'class="number">(\d\d)<', (await self.get("/my/waiting")).text)
        await person.sees("Which number")
        await person.presses(number, on="Which number")
        await person.sees("The browser is signed in")
        return await self.get("/my/waiting")

    async def uploads(self, data: bytes | AsyncIterator[bytes], patient: int, **headers: str) -> Page:
        """One picture, as the page's script sends it."""
        sent = {"Origin": ORIGIN, "X-Form-Token": self.form_token, "Content-Type": "application/octet-stream"}
        path, body = f"/my/pictures?for={patient}", BytesIO(data) if isinstance(data, bytes) else data
        return await self._take(await self._ask("POST", path, sent | headers, body))

    async def proves(self, clinic: Clinic, email: str) -> None:
        """With the mailed code that an operation asks for."""
        earlier = await clinic.telegram.mails(email)
        assert (await self.get("/desk/proof")).status == 200
        last = earlier[-1] if earlier else None
        mail = await clinic.telegram.mail_to(email, after=last, containing="Your code")  # not the sign-in's notice
        proved = await self.post("/desk/proof", {"code": CODE.findall(mail.text)[0]})
        assert proved.location == "/desk/proved", proved.text


@asynccontextmanager
async def browsing(clinic: Clinic, ahead: timedelta = timedelta(0)) -> AsyncIterator[Browser]:
    """A browser at the web app, whose clock is so far ahead."""
    services = clinic.app.services._replace(now=lambda: datetime.now(UTC) + ahead)
    async with TestClient(TestServer(build_web_app(services, clinic.app.metrics))) as web:
        yield Browser(web)
