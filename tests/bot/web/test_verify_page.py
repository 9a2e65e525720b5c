"""The verification page in a real browser: a file is hashed on the device, by mouse, keyboard or drop."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page

from bot.web.verify import add_verify_routes
from handlers.ui.texts import Catalogues, HospitalInfo
from models.base import open_engine
from models.schema import upgrade
from models.tables.scans import Report, Scan
from tests.support.databases import MASTERS
from workflow.audit.chain import Source, audited_sessions

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
PDF, COPY, TOKEN = b"%PDF-1.7 the report", b"%PDF-1.7 its locked copy", "T" * 22
NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


class Seen(NamedTuple):
    page: Page
    address: str
    calls: list[str]


@pytest_asyncio.fixture(loop_scope="session")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a hospital with one issued report, serving this page alone."""
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('verify') / 'clinic.db'}")
    await upgrade(engine)
    sessions = audited_sessions(engine, b"key", Source.CHAT, MASTERS)
    async with sessions.begin() as session:
        await a_report(session)
    clinic = HospitalInfo("St. Mary's Hospital", "112", ZoneInfo("Asia/Kolkata"))
    issuer = SimpleNamespace(hospital=SimpleNamespace(name="St. Mary's Hospital"))
    app = web.Application()
    add_verify_routes(app, SimpleNamespace(sessions=sessions, catalogues=Catalogues(clinic), issuer=issuer), ())
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")
    await engine.dispose()


async def a_report(session) -> None:
    from tests.support.rows import a_scan, a_staff

    scan: Scan = await a_scan(session, await a_staff(session), "REPORT_READY")
    hashes = {"sha256": sha256(PDF).hexdigest(), "copy_sha256": sha256(COPY).hexdigest(), "content_sha256": "0" * 64}
    facts = {"scan_id": scan.id, "number": "R2026-000007", "file": "file", "created_at": NOW, "token": TOKEN}
    session.add(Report(version=1, **facts, **hashes))


@pytest_asyncio.fixture(loop_scope="session", params=[{"width": 390, "height": 844}, {"width": 1280, "height": 900}])
async def seen(browser: Browser, address: str, request: pytest.FixtureRequest) -> AsyncIterator[Seen]:
    context = await browser.new_context(viewport=request.param, locale="en-IN")
    page, wrong, calls = await context.new_page(), [], []
    page.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: calls.append(f"{sent.method} {sent.url.removeprefix(address)}"))
    await page.goto(f"{address}/verify/{TOKEN}")
    yield Seen(page, address, calls)
    await context.close()
    assert wrong == []


def a_file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/pdf", "buffer": data}


async def test_a_chosen_file_is_compared_on_the_device(seen: Seen) -> None:
    """The report and its encrypted copy are known, any other file is not; no byte of it is sent to the server."""
    before = list(seen.calls)
    result = seen.page.get_by_role("status")
    for data, result_text in ((PDF, "exactly the one"), (PDF + b"\n", "not the one"), (COPY, "exactly the one")):
        await seen.page.get_by_label("PDF file").set_input_files(a_file("report.pdf", data))
        await result.filter(has_text=result_text).wait_for()
    assert seen.calls == before


async def test_a_file_may_be_dropped_anywhere(seen: Seen) -> None:
    drop = """data => {
        const carried = new DataTransfer();
        carried.items.add(new File([data], "report.pdf", {type: "application/pdf"}));
        document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
    }"""
    await seen.page.evaluate(drop, PDF.decode())
    result_text = seen.page.get_by_role("status").filter(has_text="exactly the one")
    await result_text.wait_for()
    assert await result_text.is_visible()


async def test_everything_is_reached_by_keyboard_and_named_for_a_screen_reader(seen: Seen) -> None:
    reached = []
    for _ in range(5):
        await seen.page.keyboard.press("Tab")
        reached.append(await seen.page.evaluate("document.activeElement.tagName.toLowerCase()"))
    assert reached == ["a", "a", "a", "input", "summary"]
    assert await seen.page.get_by_role("heading", level=1).inner_text() == "Is this report still valid?"
    assert await seen.page.get_by_role("region", name="Is the file unchanged?").count() == 1
    width = await seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0


async def test_without_scripts_the_hashes_are_there_to_compare_by_hand(browser: Browser, address: str) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="ta-IN")
    page = await context.new_page()
    await page.goto(f"{address}/verify/{TOKEN}")
    assert await page.locator("html").get_attribute("lang") == "ta"
    await page.locator("summary").click()
    assert await page.get_by_text(sha256(PDF).hexdigest()).is_visible()
    assert not await page.locator("input").is_visible()
    await context.close()


async def test_pictures_of_the_page_for_those_who_look(browser: Browser, address: str, tmp_path: Path) -> None:
    """Each language on a phone, light and dark; nothing overflows."""
    for language in ("en", "ta", "hi"):
        for scheme in ("light", "dark"):
            context = await browser.new_context(viewport={"width": 360, "height": 780}, color_scheme=scheme)
            page = await context.new_page()
            for token in (TOKEN, "U" * 22):
                await page.goto(f"{address}/verify/{token}?lang={language}")
                over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                assert await page.evaluate(over) == 0
                await page.screenshot(path=tmp_path / f"{language}-{scheme}-{token[0]}.png", full_page=True)
            await context.close()
