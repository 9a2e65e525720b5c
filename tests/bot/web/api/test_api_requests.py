"""Odd requests below /api are refused as problems: no fault, no traceback, nothing of what was sent."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from bot.engines import Engines
from tests.support.api import Program, programming
from tests.support.browser import ORIGIN
from tests.support.people import Clinic, open_clinic

SECRET: Final = "Amina has tuberculosis"
JSON: Final = {"Content-Type": "application/json"}
BODIES: Final[tuple[tuple[int, bytes, dict[str, str]], ...]] = (
    (400, b"", JSON),
    (400, b"[" * 10_000, JSON),
    (400, b"\xff\xfe", JSON),
    (400, b'{"typed": "\\ud800"}', JSON),
    (400, f'{{"typed": "{SECRET}'.encode(), JSON),
    (400, b"\xef\xbb\xbf{}", JSON),
    (400, '{"typed": "x"}'.encode("utf-16"), JSON),
    (422, b"[]", JSON),
    (422, b"null", JSON),
    (422, b"NaN", JSON),
    (422, b"{}", JSON),
    (422, b'{"typed": 1}', JSON),
    (422, b'{"typed": ""}', JSON),
    (422, b'{"typed": "a\\u0000b"}', JSON),
    (422, b'{"typed": "' + b"x" * 121 + b'"}', JSON),
    (422, f'{{"typed": "x", "{SECRET}": "{SECRET}"}}'.encode(), JSON),
    (413, b'{"typed": "' + b"x" * 20_000 + b'"}', JSON),
    (415, b'{"typed": "x"}', {}),
    (415, b'{"typed": "x"}', {"Content-Type": "text/plain"}),
    (415, b'{"typed": "x"}', {"Content-Type": "application/json; charset=utf-16"}),
    (415, b'{"typed": "x"}', {"Content-Type": "application/json; charset=no-such"}),
    (415, b'{"typed": "x"}', {"Content-Type": ";;;"}),
    (415, b"typed=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    (415, b"--x", {"Content-Type": "multipart/form-data; boundary=x"}),
    (415, b'{"typed": "x"}', {**JSON, "Content-Encoding": "gzip"}),
    (200, b'{"typed": "x"}', {"Content-Type": "application/json; charset=UTF-8"}),
    (200, b'{"typed": "   "}', JSON),
)
ADDRESSES: Final = (
    ("GET", "/nothing", 404),
    ("GET", "/", 404),
    ("GET", "", 404),
    ("GET", "/scans/0", 404),
    ("GET", "/scans/01", 404),
    ("GET", "/scans/-1", 404),
    ("GET", "/scans/1.0", 404),
    ("GET", "/scans/%D9%A3", 404),  # a digit of another script
    ("GET", "/scans/%ff", 404),
    ("GET", "/scans/999999999", 404),
    ("GET", f"/scans/{2**63}", 404),
    ("GET", f"/patients/{10**40}", 404),
    ("GET", "/house/passwords.csv", 404),
    ("GET", "/worklist?page=-1", 422),
    ("GET", "/worklist?page=1_0", 422),
    ("GET", f"/worklist?page={2**64}", 422),
    ("GET", "/worklist?part=theirs", 422),
    ("GET", "/worklist?part=mine&part=all", 422),
    ("GET", "/worklist?nonsense=1", 422),
    ("GET", "/session?nonsense=1", 422),
    ("GET", "/worklist?page=99999", 200),
    ("PUT", "/worklist", 405),
    ("HEAD", "/worklist", 405),
    ("OPTIONS", "/worklist", 405),
    ("PATCH", "/session", 405),
)
SKIPPED: Final = ["Content-Type"]  # which the client would set
RECORD: Final = (
    ("day=0001-01-01", 200),
    ("day=9999-12-31", 200),
    ("day=2026-02-30", 422),
    ("day=1700000000", 422),
    ("day=0", 422),
    (f"scan={2**64}", 422),
    ("scan=999999999&patient=1&actor=a%25_b&act=%25", 200),
    ("act=%00", 422),
    ("act=%ff", 200),
    ("outcome=refused", 200),
)


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


@pytest.fixture
async def program(public: Clinic) -> AsyncIterator[Program]:
    async with programming(public) as opened:
        await opened.signs_in(public, "rao@example.org")
        yield opened


async def test_a_body_that_does_not_fit_is_refused_and_not_repeated(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    for status, body, headers in BODIES:
        sent: dict[str, Any] = {"headers": {**headers, "Connection": "close"}, "skip_auto_headers": SKIPPED}
        answer = await program.asks("POST", "/patients/search", data=body, **sent)
        assert answer.status == status, (body[:60], headers, answer.text)
        assert "tuberculosis" not in answer.text
        if status == 422:
            assert {one["field"] for one in answer.body["fields"]} <= {"typed", ""}
    assert "tuberculosis" not in caplog.text
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


async def test_odd_addresses_and_methods_are_refused_as_problems(program: Program) -> None:
    for method, path, status in ADDRESSES:
        answer = await program.asks(method, path)
        assert answer.status == status, (method, path, answer.text)
        if status == 405:
            assert "GET" in answer.headers["Allow"]


async def test_odd_searches_of_the_record_find_nothing_without_a_fault(public: Clinic) -> None:
    async with programming(public) as joseph:
        await joseph.signs_in(public, "joseph@example.org")
        for query, status in RECORD:
            assert (await joseph.get(f"/record?{query}")).status == status, query


async def test_a_refusal_is_a_sentence_in_the_language_of_the_reader(public: Clinic) -> None:
    async with programming(public) as guest:
        spoken = [(await guest.get("/house", Accept_Language=code)).body["detail"] for code in ("en", "ta", "hi")]
        assert spoken[0] == "You are signed out. Please sign in again."
        assert len(set(spoken)) == 3


RAW: Final = (
    (b"GET /api/v1/worklist HTTP/1.1\r\nAuthorization: Bearer \xff.\xfe.\xfd\r\n", b" 401 "),
    (b"GET /viewer/scans/1 HTTP/1.1\r\nAuthorization: Bearer \xff.\xfe.\xfd\r\n", b" 401 "),
    (b"GET /desk/account HTTP/1.1\r\nCookie: __Host-csss=\xff.\xfe.\xfd\r\n", b" 303 "),
    (b"GET /api/v1/worklist HTTP/1.1\r\nAuthorization: Bearer\r\n", b" 401 "),
    (b"GET /api/v1/worklist HTTP/1.1\r\nAuthorization: Basic eDp5\r\nAccept-Language: \xff;q=nan\r\n", b" 401 "),
    (b"POST /api/v1/session HTTP/1.1\r\nContent-Type: application/json\r\nExpect: a-gift\r\n", b" 417 "),
    (b"POST /api/v1/session HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 999999999999\r\n", b" 413 "),
)


async def test_bytes_of_no_charset_and_odd_heads_end_in_no_fault(program: Program) -> None:
    for head, status in RAW:
        reader, writer = await asyncio.open_connection(program.web.host, program.web.port)
        writer.write(head + b"Host: x\r\nConnection: close\r\n\r\n")
        await writer.drain()
        answer = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        await writer.wait_closed()
        assert status in answer, (head, answer)


async def test_a_body_in_chunks_is_taken_up_to_its_limit(program: Program) -> None:
    async def chunks(size: int) -> AsyncIterator[bytes]:
        yield b'{"typed": "'
        for _ in range(size):
            yield b"x" * 100
        yield b'"}'

    answers: list[Any] = []
    for size in (1, 300):
        sent = {"data": chunks(size), "headers": {"Content-Type": "application/json"}}
        answers.append(await program.asks("POST", "/patients/search", **sent))
    assert [one.status for one in answers] == [200, 413]
