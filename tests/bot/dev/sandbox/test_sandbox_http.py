"""The envelope: encodings, statuses, tokens and limits."""

import json
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.dev.sandbox import DEMO_TOKEN, NotOnLoopback, Person, RealToken, Sandbox
from tests.support.rawapi import Api

pytestmark = pytest.mark.usefixtures("amina")


async def test_one_call_may_come_as_query_form_multipart_or_json_by_get_or_post(api: Api, amina: Person) -> None:
    fields = {"chat_id": str(amina.chat_id), "text": "same"}
    multipart = aiohttp.FormData(fields, quote_fields=False)
    multipart.add_field("ignored", b"x", filename="x.bin")
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"?{urlencode(fields)}", {}),
        ("POST", f"?{urlencode(fields)}", {}),
        ("POST", "", {"data": fields}),
        ("POST", "", {"data": multipart}),
        ("POST", "", {"json": {"chat_id": amina.chat_id, "text": "same"}}),
    ]
    for method, query, body in ways:
        async with api.session.request(method, f"{api.url}/sendMessage{query}", **body) as answer:
            assert (await answer.json())["result"]["text"] == "same"


async def test_method_names_may_have_any_case_and_unknown_parameters_are_ignored(api: Api) -> None:
    assert (await api("GETME", colour="blue"))["is_bot"] is True


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        (f"bot{DEMO_TOKEN}x/getMe", 401, "Unauthorized"),
        ("bot123:other/getMe", 401, "Unauthorized"),
        (f"bot{DEMO_TOKEN}/getTea", 404, "Not Found: method not found"),
        (f"file/bot{DEMO_TOKEN}/photos/no.jpg", 404, "Not Found"),
        ("file/bot1:x/photos/no.jpg", 401, "Unauthorized"),
    ],
)
async def test_what_is_wrong_with_the_address_is_said_in_json(
    api: Api, path: str, status: int, description: str
) -> None:
    async with api.session.get(f"{api.base}/{path}") as answer:
        body = await answer.json()
    assert (answer.status, body) == (status, {"ok": False, "error_code": status, "description": description})


async def test_more_than_fifty_megabytes_are_too_large(api: Api, amina: Person) -> None:
    files = {"document": ("big.bin", bytes(51 * 1024 * 1024))}
    body = await api.upload("sendDocument", files, chat_id=str(amina.chat_id))
    assert body == {"ok": False, "error_code": 413, "description": "Request Entity Too Large"}


async def test_fifty_megabytes_in_chunks_without_a_length_are_counted_too(api: Api) -> None:
    async def chunks() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n\r\n'
        for _ in range(51):
            yield bytes(1024 * 1024)
        yield b"\r\n--x--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    async with api.session.post(f"{api.url}/sendDocument", data=chunks(), headers=headers) as answer:
        assert answer.status == 413


async def test_a_body_that_is_no_json_is_refused_and_not_a_crash(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[1]", b"\xff"):
        async with api.session.post(f"{api.url}/getMe", data=body, headers=headers) as answer:
            assert answer.status == 400


async def test_strict_mode_notes_parameters_that_the_method_does_not_have(session: aiohttp.ClientSession) -> None:
    async with Sandbox(strict=True) as sandbox:
        api = Api(session, sandbox.base, sandbox.token)
        await api("getMe", colour="blue")
        await api("getUpdates", timeout=0)
        noted = [call.get("warnings") for call in sandbox.calls]
    assert noted == [["unknown parameter colour"], None]


async def test_a_refusal_in_a_flood_says_how_long_to_wait_in_body_and_header(api: Api, sandbox: Sandbox) -> None:
    async with api.session.post(
        f"{api.base}/client/faults", json={"kind": "429", "method": "getMe", "seconds": 3}
    ) as done:
        assert done.status == 200
    async with api.session.get(f"{api.url}/getMe") as answer:
        body = await answer.json()
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "3"
    assert body["description"] == "Too Many Requests: retry after 3"
    assert body["parameters"] == {"retry_after": 3}
    assert (await api("getMe"))["id"] == 42


@pytest.mark.parametrize(
    "token", ["123456789:AAE0Zl8m3o9c1Q7hF5d2K4rT6vXyB1nCuWs", "42:AAE0Zl8m", "", "42:", "x:SANDBOX"]
)
def test_a_token_that_might_be_real_stops_the_start_and_is_not_repeated(token: str) -> None:
    with pytest.raises(RealToken) as refusal:
        Sandbox(token)
    assert len(token) < 4 or token not in str(refusal.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::"])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(NotOnLoopback):
        Sandbox(host=host)


async def test_a_port_that_is_taken_is_an_oserror_and_leaves_nothing_open(sandbox: Sandbox) -> None:
    other = Sandbox(port=int(sandbox.base.rsplit(":", 1)[1]))
    with pytest.raises(OSError, match="address already in use"):
        await other.start()
    await other.stop()


async def test_answers_are_compact_utf8_json(api: Api, amina: Person) -> None:
    async with api.session.post(f"{api.url}/sendMessage", json={"chat_id": amina.chat_id, "text": "வணக்கம்"}) as answer:
        raw = await answer.read()
    assert "வணக்கம்".encode() in raw
    assert json.loads(raw)["ok"] is True
