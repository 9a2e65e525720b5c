"""The viewer's page at its addresses: from Telegram with init data, or in a browser that is signed in to the desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from bot.dev.sandbox import Person
from bot.dev.sandbox.server import DEMO_TOKEN
from bot.dev.sandbox.store import Person as SandboxPerson
from bot.dev.sandbox.web_apps import init_data
from bot.web.app import build_web_app
from tests.support.browser import ORIGIN, Browser
from tests.support.people import Clinic

Web = TestClient[Any, Any]


@asynccontextmanager
async def viewing(clinic: Clinic, ahead: timedelta = timedelta(0)) -> AsyncIterator[Web]:
    """The web app, with its clock so far ahead."""
    services = clinic.app.services._replace(now=lambda: datetime.now(UTC) + ahead)
    async with TestClient(TestServer(build_web_app(services, clinic.app.metrics))) as web:
        yield web


def signed(person: Person, at: datetime | None = None, token: str = DEMO_TOKEN) -> str:
    """Telegram's init data of this person."""
    moment = int((at or datetime.now(UTC)).timestamp())
    return init_data(token, SandboxPerson(person.chat_id, person.name), moment)


async def opened(web: Web, person: Person) -> dict[str, str]:
    """The Authorization header of a new session."""
    answer = await web.post("/viewer/session", json={"init_data": signed(person)})
    assert answer.status == 200, person.name
    return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def opened_at_the_desk(browser: Browser) -> dict[str, str]:
    """The Authorization header of a session that the desk's cookie opened."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    answer = await browser.web.post(
        "/viewer/session", json={"init_data": ""}, headers={"Origin": ORIGIN, "Cookie": cookies}
    )
    assert answer.status == 200, await answer.text()
    return {"Authorization": f"Bearer {(await answer.json())['token']}"}


class Form:
    """The form of a scan's reading, as the page's script uses it: each act names the draft that was shown."""

    def __init__(self, web: Web, headers: dict[str, str], scan: int) -> None:
        self.web, self.headers, self.path = web, headers, f"/viewer/scans/{scan}/reading"
        self.state: dict[str, Any] = {}

    async def reads(self) -> int:
        """Loads the page anew; returns the status."""
        answer = await self.web.get(self.path, headers=self.headers)
        self.state = await answer.json()
        return answer.status

    async def does(self, act: str, **about: object) -> int:
        """Returns the status; what is answered is shown from now on."""
        body = {"act": act, "shown": self.state.get("shown", ""), **about}
        answer = await self.web.post(self.path, json=body, headers=self.headers)
        found = await answer.json()
        if answer.status in {200, 409}:
            self.state = found
        return answer.status

    async def types_code(self, code: str) -> int:
        answer = await self.web.post(f"{self.path}/proof/code", json={"code": code}, headers=self.headers)
        return answer.status

    def labels(self) -> list[str]:
        """Everything that the form offers."""

        def walk(part: dict[str, Any]) -> list[str]:
            inner = [label for one in part.get("parts", ()) for label in walk(one)]
            return [part.get("title", ""), *(one["label"] for one in part.get("choices", ())), *inner]

        return [label for part in self.state.get("parts", ()) for label in walk(part)]
