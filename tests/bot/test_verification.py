"""Whoever holds a report may ask whether it is still valid, on the page and in the chat, and learns nothing more."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import NamedTuple

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pypdf import PdfReader
from sqlalchemy import select

from bot.dev.sandbox.client.transcript import Document
from bot.web.app import web_app
from bot.web.verify import spoken
from models.tables.scans import Report
from tests.support.people import House
from workflow.reporting.verification import Pace

SAYS = {
    "en": ("This report is valid", "Version 2 has taken its place", "has issued no report with this code"),
    "ta": ("இந்த அறிக்கை செல்லும்", "பதிப்பு 2 இதற்குப் பதிலாக", "எந்த அறிக்கையும் வெளியிடவில்லை"),
    "hi": ("यह रिपोर्ट मान्य है", "संस्करण 2 आ गया है", "कोई रिपोर्ट जारी नहीं की"),
}


class Desk(NamedTuple):
    """A released report, the PDF in the patient's hands, and a browser without a screen."""

    house: House
    token: str
    pdf: Document
    web: TestClient

    async def page(self, token: str = "", **headers: str) -> tuple[int, str]:
        answer = await self.web.get(f"/verify/{token or self.token}", headers=headers)
        return answer.status, await answer.text()


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    await house.until("released")
    pdf = await house.amina.receives_document(timeout=30)
    async with house.app.clinic.sessions() as session:
        token = await session.scalar(select(Report.token))
    async with TestClient(TestServer(web_app(house.app.clinic, house.app.metrics))) as web:
        yield Desk(house, str(token), pdf, web)


async def amend(house: House) -> None:
    """A second version of the same scan's report takes the first one's place."""
    async with house.app.clinic.sessions.begin() as session:
        first = await session.scalar(select(Report))
        facts = {
            "scan_id": first.scan_id,
            "file": first.file,
            "content_sha256": "2" * 64,
            "created_at": first.created_at,
        }
        session.add(Report(version=2, number=f"{first.number}-2", sha256="1" * 64, token="2" * 22, **facts))


@pytest.mark.parametrize(
    ("accepted", "language"), [("ta;q=²", "ta"), ("ta;q=", "ta"), ("ta;q=x, hi;q=0.1", "ta"), (";;q=,,", None)]
)
def test_an_odd_wish_for_a_language_is_no_fault_of_ours(accepted: str, language: str | None) -> None:
    assert spoken(accepted) == language


async def test_page_and_chat_answer_valid_superseded_and_unknown_in_the_readers_language(desk: Desk) -> None:
    stranger = await desk.house.clinic.person("A stranger")
    await stranger.sends("/start")
    for language, (valid, _, unknown) in SAYS.items():
        status, page = await desk.page(**{"Accept-Language": f"fr, {language}-IN;q=0.8"})
        assert (status, valid in page, f'lang="{language}"' in page) == (200, True, True)
        assert sha256(desk.pdf.data).hexdigest() in page
        status, page = await desk.page("A" * 22, **{"Accept-Language": language})
        assert (status, unknown in page) == (404, True)
    await stranger.sends(f"/start verify_{desk.token}")
    told = await stranger.sees(SAYS["en"][0])
    assert sha256(desk.pdf.data).hexdigest() in told.text
    await stranger.sends(f"/start verify_{'B' * 22}")
    await stranger.sees(SAYS["en"][2])

    await amend(desk.house)
    for language, (_, superseded, _) in SAYS.items():
        assert superseded in (await desk.page(**{"Accept-Language": language}))[1]
    await stranger.sends(f"/start verify_{desk.token}")
    await stranger.sees(SAYS["en"][1])


async def test_the_page_names_nobody_and_runs_nothing_but_its_own_script(desk: Desk) -> None:
    """No name, no finding, no verdict; a policy that lets nothing in; an address that is passed on to nobody."""
    answer = await desk.web.get(f"/verify/{desk.token}")
    page = await answer.text()
    for word in ("Amina", "Rao", "Meena", "Joseph", "amina@", "opacit", "X-ray", "Pneumonia", "Paracetamol"):
        assert word not in page
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "<script>" not in page
    assert " style=" not in page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    for name in ("verify.js", "verify.css"):
        assert (await desk.web.get(f"/{name}")).status == 200


async def test_the_code_on_the_report_is_a_link_to_the_bot_that_fits_telegram(desk: Desk) -> None:
    """Without a public address the code leads to the bot: 128 random bits, at most 64 characters."""
    text = "".join("".join(page.extract_text() for page in PdfReader(BytesIO(desk.pdf.data)).pages).split())
    [payload] = re.findall(r"start=(verify_[A-Za-z0-9_-]{22})", text)
    assert payload == f"verify_{desk.token}"
    assert len(payload) <= 64


@pytest.mark.parametrize("token", ["x", "%00" * 22, "A" * 5000, "../../etc", "' OR 1=1 --", "verify_"])
async def test_a_token_that_is_none_is_unknown_and_no_error(house: House, token: str) -> None:
    async with TestClient(TestServer(web_app(house.app.clinic, house.app.metrics))) as web:
        assert (await web.get(f"/verify/{token}")).status == 404


async def test_whoever_asks_too_often_has_to_wait_and_others_do_not(house: House) -> None:
    async with TestClient(TestServer(web_app(house.app.clinic, house.app.metrics))) as web:
        statuses = [(await web.get("/verify/x", headers={"X-Forwarded-For": "192.0.2.7"})).status for _ in range(21)]
        assert statuses == [404] * 20 + [429]
        assert (await web.get("/verify/x", headers={"X-Forwarded-For": "192.0.2.8"})).status == 404
    for _ in range(20):
        await house.amina.sends("/start verify_x")
        await house.amina.sees("has issued no report")
    await house.amina.sends("/start verify_x")
    await house.amina.sees("too often")
    await house.rao.sends("/start verify_x")
    await house.rao.sees("has issued no report")


def test_the_pace_forgets_those_who_fell_silent() -> None:
    now, pace = datetime(2026, 3, 1, tzinfo=UTC), Pace(times=1)
    assert all(pace.allows(asker, now) for asker in range(10_001))
    assert not pace.allows(5, now)
    assert pace.allows(5, now + timedelta(minutes=1))
    assert len(pace._asked) < 10


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("ta-IN,ta;q=0.9,en;q=0.8", "ta"), ("en;q=0.1, hi;q=0.7", "hi"), ("fr", None), ("", None), ("*;q=x,en", "en")],
)
def test_the_readers_language_is_found_among_ours(accepted: str, language: str | None) -> None:
    assert spoken(accepted) == language
