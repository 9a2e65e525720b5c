"""The holder of a report can check its validity on the page and in the chat, and learns nothing else."""

import re
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from typing import NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from pypdf import PdfReader
from sqlalchemy import select

from bot.addresses import LOOPBACK
from bot.dev.sandbox.client.transcript import Document
from bot.web.app import build_web_app
from bot.web.verify import PROXIES, client_address, client_network, preferred_language
from models.tables.scans import Report
from tests.support.people import Clinic
from tests.support.steps import until
from workflow.reporting.verification import LOOKUPS_PER_MINUTE, MAX_REQUESTERS, lookup_buckets

ANSWERS = {
    "en": ("This report is valid", "Version 2 has taken its place", "has issued no report with this code"),
    "ta": ("இந்த ரிப்போர்ட் செல்லும்", "பதிப்பு 2 இதற்குப் பதிலாக", "எந்த ரிப்போர்ட்டும் வெளியிடவில்லை"),
    "hi": ("यह रिपोर्ट मान्य है", "संस्करण 2 आ गया है", "कोई रिपोर्ट जारी नहीं की"),
}


class Desk(NamedTuple):
    """A released report, its PDF as the patient has it, and an HTTP client."""

    clinic: Clinic
    token: str
    pdf: Document
    web: TestClient

    async def page(self, token: str = "", **headers: str) -> tuple[int, str]:
        answer = await self.web.get(f"/verify/{token or self.token}", headers=headers)
        return answer.status, await answer.text()


@pytest.fixture
async def desk(clinic: Clinic) -> AsyncIterator[Desk]:
    await until(clinic, "released")
    pdf = await clinic.amina.receives_document(timeout=30)
    async with clinic.app.services.sessions() as session:
        token = await session.scalar(select(Report.token))
    async with TestClient(TestServer(build_web_app(clinic.app.services, clinic.app.metrics))) as web:
        yield Desk(clinic, str(token), pdf, web)


async def amend(clinic: Clinic) -> None:
    """Issue a second version of the same scan's report, which supersedes the first."""
    async with clinic.app.services.sessions.begin() as session:
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
    assert preferred_language(accepted) == language


async def test_page_and_chat_answer_valid_superseded_and_unknown_in_the_readers_language(desk: Desk) -> None:
    stranger = await desk.clinic.telegram.person("A stranger")
    await stranger.sends("/start")
    for language, (valid, _, unknown) in ANSWERS.items():
        status, page = await desk.page(**{"Accept-Language": f"fr, {language}-IN;q=0.8"})
        assert (status, valid in page, f'lang="{language}"' in page) == (200, True, True)
        assert sha256(desk.pdf.data).hexdigest() in page
        status, page = await desk.page("A" * 22, **{"Accept-Language": language})
        assert (status, unknown in page) == (404, True)
    await stranger.sends(f"/start verify_{desk.token}")
    reply = await stranger.sees(ANSWERS["en"][0])
    assert sha256(desk.pdf.data).hexdigest() in reply.text
    await stranger.sends(f"/start verify_{'B' * 22}")
    await stranger.sees(ANSWERS["en"][2])

    await amend(desk.clinic)
    for language, (_, superseded, _) in ANSWERS.items():
        assert superseded in (await desk.page(**{"Accept-Language": language}))[1]
    await stranger.sends(f"/start verify_{desk.token}")
    await stranger.sees(ANSWERS["en"][1])


async def test_the_page_names_nobody_and_runs_nothing_but_its_own_script(desk: Desk) -> None:
    """No name, no finding, no validity before the check; a strict content security policy; no referrer."""
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
    """Without a public address the QR code opens the bot: 128 random bits, at most 64 characters."""
    text = "".join("".join(page.extract_text() for page in PdfReader(BytesIO(desk.pdf.data)).pages).split())
    [payload] = re.findall(r"start=(verify_[A-Za-z0-9_-]{22})", text)
    assert payload == f"verify_{desk.token}"
    assert len(payload) <= 64


@pytest.mark.parametrize("token", ["x", "%00" * 22, "A" * 5000, "../../etc", "' OR 1=1 --", "verify_"])
async def test_a_token_that_is_none_is_unknown_and_no_error(clinic: Clinic, token: str) -> None:
    async with TestClient(TestServer(build_web_app(clinic.app.services, clinic.app.metrics))) as web:
        assert (await web.get(f"/verify/{token}")).status == 404


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7, 127.0.0.2", "192.0.2.7"),
        ("127.0.0.1", "anything", "127.0.0.1"),
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
        ("::1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_forwarded_address_counts_only_from_a_named_proxy(remote: str, forwarded: str, client: str) -> None:
    app = web.Application()
    app[PROXIES] = LOOPBACK
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers, app=app).clone(remote=remote)
    assert client_address(request) == client


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
    ],
)
def test_all_addresses_of_one_customer_are_counted_together(address: str, counted: str) -> None:
    app = web.Application()
    app[PROXIES] = LOOPBACK
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": address}, app=app).clone(remote="127.0.0.1")
    assert client_network(request) == counted


async def test_whoever_asks_too_often_has_to_wait_and_others_do_not(clinic: Clinic) -> None:
    async with TestClient(TestServer(build_web_app(clinic.app.services, clinic.app.metrics))) as web:
        statuses = [(await web.get("/verify/x", headers={"X-Forwarded-For": "192.0.2.7"})).status for _ in range(21)]
        assert statuses == [404] * 20 + [429]
        assert (await web.get("/verify/x", headers={"X-Forwarded-For": "192.0.2.8"})).status == 404
    for _ in range(20):
        await clinic.amina.sends("/start verify_x")
        await clinic.amina.sees("has issued no report")
    await clinic.amina.sends("/start verify_x")
    await clinic.amina.sees("too often")
    await clinic.rao.sends("/start verify_x")
    await clinic.rao.sees("has issued no report")


def test_the_lookup_limit_drops_requesters_that_are_idle() -> None:
    seconds = 0.0
    lookups = lookup_buckets(lambda: seconds)
    assert all(lookups[requester].spend() for requester in range(MAX_REQUESTERS + 1))
    assert not all(lookups[5].spend() for _ in range(LOOKUPS_PER_MINUTE))
    seconds += 60
    assert lookups[5].spend()
    assert len(lookups) < 10


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("ta-IN,ta;q=0.9,en;q=0.8", "ta"), ("en;q=0.1, hi;q=0.7", "hi"), ("fr", None), ("", None), ("*;q=x,en", "en")],
)
def test_the_readers_language_is_found_among_ours(accepted: str, language: str | None) -> None:
    assert preferred_language(accepted) == language
