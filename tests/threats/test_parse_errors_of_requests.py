"""Threat: a request that cannot be parsed ends in a fault, or is read before its sender is known."""

import asyncio
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import Engines
from bot.telegram.rate_limit import MAX_ID
from bot.telegram.webhook import AUTH_HEADER, WEBHOOK_PATH
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


async def test_an_odd_request_is_refused_without_a_fault(
    engines: Engines, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}
    twilio = {"whatsapp_from": "+14155238886", "twilio_account_sid": "AC1", "twilio_auth_token": SecretStr("x" * 32)}
    async with running(engines, tmp_path, **settings, **twilio, public_url="http://127.0.0.1:1") as clinic:
        caplog.clear()
        for body in BODIES:
            for kind in KINDS:
                odd = {AUTH_HEADER: SECRET, SIGNED: "abc", "Content-Type": kind}
                for path in (WEBHOOK_PATH, "/twilio"):
                    answered = await clinic.http.post(clinic.address + path, data=body, headers=odd)
                    assert answered.status in {400, 403}, (path, body[:20], kind, answered.status)
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
