"""Threat: a stranger in a browser, or with a program, learns whether an address has an account."""

import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.engines import Engines
from bot.web.app import build_web_app
from tests.support.api import Program
from tests.support.browser import ORIGIN, Browser
from tests.support.people import Clinic, open_clinic

STEPS = ("password", "code", "reload", "other browser", "61 s", "11 min", "2 h", "API password", "API code")
KNOWN = ("rao@example.org", "amina@example.org")  # of staff, and of a patient
UNITS = {"s": timedelta(seconds=1), "min": timedelta(minutes=1), "h": timedelta(hours=1)}
SECRET = re.compile(r'value="[0-9a-f]{64}"|"challenge":"[^"]*"|error_id|lang=\w\w')


class Visit:
    """One visitor tries one address; `seen` is all that is answered, in order, without what differs by chance."""

    def __init__(self, web: TestClient[Any, Any], email: str, clock: list[datetime]) -> None:
        self.web, self.email, self.clock = web, email, clock
        self.browser, self.program = Browser(web), Program(web)
        self.seen: list[object] = []

    async def play(self, steps: Sequence[str]) -> list[object]:
        for step in steps:
            self.seen.append(step)
            match step:
                case "password":
                    self._note(await self.browser.types_password(self.email, "Wrong passphrase 7"))
                case "code":
                    await self.browser.get("/desk/code")
                    self._note(await self.browser.post("/desk/code", {"code": "123456"}))
                case "reload":
                    self._note(await self.browser.get("/desk/sign-in"))
                case "other browser":
                    self.browser = Browser(self.web)
                case "API password":
                    body = {"email": self.email, "password": "Wrong passphrase 7", "code": "123456"}
                    self._note(await self.program.post("/session", body))
                case "API code":
                    self._note(await self.program.post("/session/code", {"challenge": "x.y.z", "code": "123456"}))
                case _:
                    number, unit = step.split()
                    self.clock[0] += int(number) * UNITS[unit]
        return self.seen

    def _note(self, answer: Any) -> None:
        text = SECRET.sub("", answer.text.replace(self.email, "the address"))
        self.seen.append((answer.status, answer.headers.get("Location"), answer.headers.get("Retry-After"), text))


async def _transcript(clinic: Clinic, email: str, steps: Sequence[str], day: int) -> list[object]:
    clock = [datetime.now(UTC) + timedelta(days=day)]
    services = clinic.app.services._replace(now=lambda: clock[0])
    async with TestClient(TestServer(build_web_app(services, clinic.app.metrics))) as web:
        return await Visit(web, email, clock).play(steps)


@pytest.mark.slow
async def test_a_known_and_an_unknown_address_are_answered_alike_in_browsers_and_by_the_api(engines: Engines) -> None:
    """The passwords are wrong; two days lie between two runs, so that none inherits the other's throttle."""
    chance = random.Random(16)
    runs = [("password", *chance.choices(STEPS, k=7)) for _ in range(10)]
    runs += [("password",) * 5, ("API password",) * 5, ("password", "code", "API password", "11 min", "password")]
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        for number, steps in enumerate(runs):
            known = await _transcript(clinic, KNOWN[number % 2], steps, 2 * number)
            unknown = await _transcript(clinic, f"nobody{number}@example.org", steps, 2 * number)
            assert known == unknown, steps
