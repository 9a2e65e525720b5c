"""Threat: a request that cannot be parsed ends in a fault, or is read before its sender is known."""

import asyncio
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import Engines
from bot.telegram.rate_limit import MAX_ID
from bot.telegram.webhook import AUTH_HEADER, WEBHOOK_PATH
from bot.web.app import build_web_app
from tests.support.process_log import written_output
from tests.support.web import SECRET, Running, running
from tests.support.wire import text_update

SIGNED = "X-Twilio-Signature"
BODIES = (
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"update_id": ' + b"9" * 5000 + b"}",
    b'{"update_id": 1, "message": "x"}',
    b"null",
    b'{"update_id": NaN}',
    '{"update_id": 1, "message": "\ud800"}'.encode(errors="surrogatepass"),
)
KINDS = (
    "application/json",
    "application/json; charset=no-such",
    "application/x-www-form-urlencoded; charset=no-such",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
)
HOOK: dict[str, Any] = {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}
TWILIO: dict[str, Any] = {
    "whatsapp_from": "+14155238886",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": SecretStr("x" * 32),
}
ODD_VALUES = ("x", "1", "٣", "%ff", "9" * 15, "a" * 600)
ODD_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Content-Encoding": "gzip"},
    {"Content-Encoding": "br", "Content-Type": "application/json; charset=no-such"},
    {"Authorization": "Bearer a.b.c", "Accept-Language": "ta;q=nan", "X-Forwarded-For": "," * 500},
    {"Authorization": "Bearer eyJhbGciOiJub25lIiwia2lkIjoidmlld2VyLTEifQ.eyJzdWIiOiIxIn0."},
    {AUTH_HEADER: SECRET, SIGNED: "x", "Content-Encoding": "deflate"},
)


async def test_an_odd_request_is_refused_without_a_fault(
    engines: Engines, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(engines, tmp_path, **HOOK, **TWILIO, public_url="http://127.0.0.1:1") as clinic:
        caplog.clear()
        for body in BODIES:
            for kind in KINDS:
                odd = {AUTH_HEADER: SECRET, SIGNED: "abc", "Content-Type": kind}
                for path in (WEBHOOK_PATH, "/twilio"):
                    answered = await clinic.http.post(clinic.address + path, data=body, headers=odd)
                    assert answered.status in {400, 403, 413}, (path, body[:20], kind, answered.status)
        for path in ("/verify/%ff%fe", "/verify/x?lang=%ff", "/copies/1-1-%ff.pdf", "/%00"):
            answered = await clinic.http.get(clinic.address + path)
            assert answered.status in {400, 404}, path
        assert await _answered_before_the_body(clinic, WEBHOOK_PATH, AUTH_HEADER) == 401
        assert await _answered_before_the_body(clinic, "/twilio", "X-Other") == 403
        for number in (MAX_ID + 1, 10**30):
            update = text_update("/help", number, number).model_dump(mode="json", exclude_none=True, by_alias=True)
            headers = {AUTH_HEADER: SECRET}
            answered = await clinic.http.post(clinic.address + WEBHOOK_PATH, json=update, headers=headers)
            assert answered.status in {200, 400}
        assert await clinic.telegram.calls("sendMessage") == []
    faults = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    assert faults == []


NO_HTTP = (
    b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
)


async def test_what_is_no_http_is_refused_without_a_line_in_the_log(engines: Engines, tmp_path: Path) -> None:
    async with running(engines, tmp_path, **HOOK) as clinic:
        with written_output() as output:
            for request in NO_HTTP:
                reader, writer = await asyncio.open_connection(*clinic.address.removeprefix("http://").split(":"))
                writer.write(request)
                assert re.match(rb"HTTP/1.[01] 40[04] ", await reader.read()), request[:40]
                writer.close()
        assert output.getvalue() == ""


@pytest.mark.slow
async def test_every_route_answers_odd_requests_without_a_fault(
    engines: Engines, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Walks the routes of the public application, each with odd values in its address, bodies and headers."""
    async with running(engines, tmp_path, **HOOK, **TWILIO, public_url="http://127.0.0.1:1") as clinic:
        routes = build_web_app(clinic.app.services, clinic.app.metrics).router.routes()
        walked = {(one.method, re.sub(r"\{\w+\}", "{}", one.resource.canonical)) for one in routes if one.resource}
        assert len(walked) > 12
        caplog.clear()
        faults = []
        for method, path in sorted({*walked, ("POST", WEBHOOK_PATH)}):
            for value in ODD_VALUES if "{}" in path else ("",):
                for headers in ODD_HEADERS:
                    for body in BODIES[1:5] if method == "POST" else (b"", b"\xff"):
                        address = clinic.address + path.replace("{}", value)
                        async with clinic.http.request(method, address, data=body, headers=headers) as answered:
                            if answered.status >= 500:
                                faults.append((method, path, value, headers, body[:20], answered.status))
        assert faults == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def _answered_before_the_body(clinic: Running, path: str, header: str) -> int:
    """The status of a request of which only the head was sent; its secret is made of odd bytes."""
    host, port = clinic.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n{header}: ".encode()
    writer.write(head + b"\xff\xfe\r\n\r\n")
    async with asyncio.timeout(30):
        status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)
