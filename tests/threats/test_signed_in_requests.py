"""Threat: odd requests with a session that is open; bodies that never end, or break off."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import pytest
from aiohttp import ClientSession, web
from pydantic import SecretStr

from bot.app import Engines
from bot.web.app import build_web_app, listening
from bot.web.bodies import PATIENCE
from tests.support.browser import ORIGIN, browsing
from tests.support.people import open_clinic

TWILIO: Final[dict[str, Any]] = {
    "whatsapp_from": "+14155238886",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": SecretStr("x" * 32),
}
VALUES: Final = (
    "1",
    "%D9%A3",
    "%C2%B2",
    "%EF%BC%91",
    "9" * 15,
    "-1",
    "1e3",
    "%00",
    "%ff",
    "..%2f..%2fx",
    "%2e%2e",
    "%25",
)
METHODS: Final = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND")
FORM: Final = (
    "act=take&act=take_over&holder=%D9%A3&scan=%D9%A3&typed=%ED%A0%80%00%F0%9F%92%A5&key=%00%ff&role=%ff&theme=x"
    "&code=%D9%A3%D9%A3%D9%A3%D9%A3%D9%A3%D9%A3&email=%ff%40&password=%00&back=%0d%0aX%3a"
)
UNENDING: Final = (
    (b"Content-Length: 900\r\n\r\n{", False),
    (b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", False),
    (b"Content-Length: 900\r\n\r\n{", True),
    (b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", True),
)


class Desk(NamedTuple):
    """A served web app, and an administrator's session in a browser at it."""

    app: web.Application
    address: str
    cookie: str
    form_token: str


@pytest.fixture
async def desk(engines: Engines) -> AsyncIterator[Desk]:
    async with open_clinic(engines, public_url=ORIGIN, **TWILIO) as clinic, browsing(clinic) as browser:
        await browser.signs_in(clinic, "joseph@example.org")
        await browser.get("/desk/account")
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        app = build_web_app(clinic.app.services, clinic.app.metrics)
        app[PATIENCE] = 0.5
        async with listening((app, "127.0.0.1", 0)) as [address]:
            yield Desk(app, address, cookie, browser.form_token)


def _routes(app: web.Application) -> set[tuple[str, str]]:
    """Method and path of every route; `{}` stands for what is given in it."""
    resources = [(one.method, one.resource.canonical) for one in app.router.routes() if one.resource]
    return {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in resources if path != "/desk/worklist/stream"}


def _faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]


async def test_no_odd_address_method_or_form_of_a_session_ends_in_a_fault(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    paths = {path for _, path in _routes(desk.app)}
    assert len(paths) > 30
    form = f"form_token={desk.form_token}&{FORM}"
    headers = {"Cookie": desk.cookie, "Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    caplog.clear()
    async with ClientSession() as http:
        for path in sorted(paths):
            for value in VALUES if "{}" in path else ("",):
                for method in METHODS:
                    sent = {"data": form} if method in {"POST", "PUT", "PATCH"} else {}
                    address = desk.address + path.replace("{}", value)
                    answered = await http.request(method, address, headers=headers, allow_redirects=False, **sent)
                    assert answered.status < 500, (method, path, value)
                    await answered.read()
    assert _faults(caplog) == []


async def _status(desk: Desk, path: str, body: bytes, *, leaves: bool) -> str:
    """The answer to a body that does not end, or that its sender leaves half sent: "" where nobody waits for one."""
    host, port = desk.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\nCookie: {desk.cookie}\r\nX-Twilio-Signature: x\r\n"
    writer.write(f"{head}Content-Type: application/json\r\n".encode() + body)
    await writer.drain()
    answer = b"" if leaves else await asyncio.wait_for(reader.readline(), 15)
    writer.close()
    return answer.decode()[9:12]


async def test_a_body_that_does_not_end_is_answered_and_one_that_breaks_off_leaves_no_fault(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Walks every address that takes a body."""
    paths = sorted(path.replace("{}", "1") for method, path in _routes(desk.app) if method == "POST")
    assert {"/twilio", "/viewer/session", "/desk/sign-in", "/api/v1/session"} <= set(paths)
    caplog.clear()
    sent = [(path, body, leaves) for path in paths for body, leaves in UNENDING]
    answers = await asyncio.gather(*(_status(desk, path, body, leaves=leaves) for path, body, leaves in sent))
    wrong = [
        (asked[0], answer) for asked, answer in zip(sent, answers, strict=True) if answer[:1] not in {"", "3", "4"}
    ]
    assert wrong == []
    assert "408" in answers
    assert _faults(caplog) == []
