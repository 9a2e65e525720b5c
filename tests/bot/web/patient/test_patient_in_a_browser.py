"""A patient's page in Chromium: a whole visit by hand and keys, and axe-core's rules on every page."""

import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect

from bot.dev.demo import _reachable
from bot.engines import Engines
from models.vocabulary import ScanStatus
from tests.support.pages import faults_of
from tests.support.people import Clinic, open_clinic
from tests.support.push_service import push_service
from tests.support.steps import a_scan, until

PDF = "application/pdf"
FRAME = "one => document.body.append(Object.assign(document.createElement('iframe'), { src: one, id: 'framed' }))"
PAGES = ("", "/scans/1", "/scans/1/film", "/scans/2", "/send", "/consent", "/reports", "/medicines", "/account")
DROP = """
(files) => {
  const [drop, transfer] = [document.querySelector("#drop"), new DataTransfer()];
  for (const [name, data] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    drop.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}
"""


@asynccontextmanager
async def _clinic(engines: Engines) -> AsyncIterator[tuple[Clinic, Browser, str]]:
    async with (
        push_service() as (_, setting),
        open_clinic(engines, **_reachable(), **setting) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        yield clinic, browser, f"{clinic.app.settings.base_url}/my"


async def _opens(clinic: Clinic, page: Page) -> None:
    await clinic.amina.sends("/page")
    await clinic.amina.sees("Your page")
    await page.goto(await clinic.amina.opens_web_app("My page", on="Your page"))
    await page.wait_for_url("**/my")


async def _drops(page: Page, files: dict[str, bytes]) -> None:
    given = [[name, base64.b64encode(data).decode()] for name, data in files.items()]
    await page.evaluate(DROP, given)


@pytest.mark.slow
@pytest.mark.needs("chromium")
async def test_a_patient_sends_by_drag_and_drop_follows_reads_and_is_out_with_the_chat(engines: Engines) -> None:
    async with _clinic(engines) as (clinic, browser, base):
        scan = await until(clinic, "released")
        await clinic.amina.sees("Your report R")
        page, faults = await browser.new_page(viewport=ViewportSize(width=360, height=740)), list[str]()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda one: faults.append(one.text) if "Security" in one.text else None)
        await _opens(clinic, page)
        film = await _sends_after_failures(clinic, page, scan + 1)
        await film.get_by_role("link").click()
        await page.wait_for_url(f"**/my/scans/{scan + 1}")
        await expect(page.locator(".steps li").first).to_have_text("✅ Received")
        await _looks_with_tools(page, scan + 1)
        await page.goto(f"{base}/scans/{scan}")
        address = await page.get_by_role("link", name="Open the report").get_attribute("href")
        assert await page.evaluate("one => fetch(one).then(all => all.headers.get('Content-Type'))", address) == PDF
        await page.get_by_role("link", name="Medicines").last.click()
        await expect(page.get_by_role("heading", name="Paracetamol 500 mg")).to_be_visible()
        await page.goto(f"{base}/account")
        await page.get_by_role("button", name="हिन्दी").click()
        await expect(page.locator("html")).to_have_attribute("lang", "hi")
        await page.goto(await clinic.amina.opens_web_app("मेरा पेज", on=f"#{scan}"))
        await page.wait_for_url(f"**/my/scans/{scan}")
        await clinic.amina.sends("/sessions")
        await clinic.amina.presses("💻 Telegram", on="💻 Telegram")
        await page.goto(base)
        await page.wait_for_url("**/my/sign-in")
        assert faults == []


async def _sends_after_failures(clinic: Clinic, page: Page, scan: int) -> Locator:
    """A film, a letter and a huge file, over a line that is cut; returns the film's entry."""
    await page.get_by_role("link", name="Send a picture").first.click()
    letter, huge = b"no picture at all", b"\0" * (21 << 20)
    await _drops(page, {"<b>film</b>.png": clinic.picture, "letter.txt": letter, "huge.dcm": huge})
    refused = page.locator(".refused")
    await expect(refused).to_contain_text("larger than 20 MB")
    await page.route("**/my/pictures*", lambda route: route.abort())
    await page.get_by_role("button", name="Send", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".failed")).to_have_count(2)
    await page.unroute("**/my/pictures*")
    film = page.locator(".pictures li", has_text="<b>film</b>.png")
    await expect(film).to_contain_text("The picture is still here")
    await film.get_by_role("button", name="Try again").click()
    await expect(film).to_contain_text(f"Received as scan #{scan}", timeout=30_000)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(refused).to_have_count(2)
    await expect(refused.nth(0)).to_contain_text("not a picture")
    return film


async def _looks_with_tools(page: Page, scan: int) -> None:
    await page.get_by_role("link", name="Look at the picture").click()
    await page.get_by_role("link", name="With tools").click()
    await page.locator("#tools").wait_for()
    await expect(page.get_by_role("button", name="Heat map")).to_have_count(0)
    await page.get_by_role("link", name="Back").click()
    await page.wait_for_url(f"**/my/scans/{scan}")


@pytest.mark.slow
@pytest.mark.needs("chromium")
async def test_the_page_works_in_a_frame_of_telegrams_site_with_a_cookie_kept_apart_for_it(engines: Engines) -> None:
    """As in Telegram's web version: `localhost` and `127.0.0.1` are two sites to Chromium."""
    reachable = _reachable()
    reachable["public_url"] = reachable["public_url"].replace("127.0.0.1", "localhost")
    async with (
        open_clinic(engines, **reachable) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        page = await browser.new_page()
        await clinic.amina.sends("/page")
        await clinic.amina.sees("Your page")
        await page.goto(clinic.sandbox.web)
        await page.evaluate(FRAME, await clinic.amina.opens_web_app("My page", on="Your page"))
        frame = page.frame_locator("#framed")
        await frame.get_by_role("link", name="My account").click()
        await frame.get_by_role("button", name="தமிழ்").click()
        await expect(frame.locator("html")).to_have_attribute("lang", "ta")
        await frame.get_by_role("button", name="🌙").click()
        await expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
        [cookie, _] = [one for one in await page.context.cookies() if one["name"].startswith("__Host-csss")]
        assert (cookie["name"], cookie["partitionKey"]) == ("__Host-csss-app", "http://127.0.0.1")
        await page.goto(f"{clinic.app.settings.base_url}/my")
        await page.wait_for_url("**/my/sign-in")


@pytest.mark.slow
@pytest.mark.needs("chromium")
async def test_no_page_of_a_patient_has_a_fault_that_axe_finds(engines: Engines) -> None:
    async with _clinic(engines) as (clinic, browser, base):
        await until(clinic, "released")
        await a_scan(clinic, ScanStatus.REJECTED)
        page, faults = await browser.new_page(), list[str]()
        for path in ("/sign-in", "/enter", "/offline"):
            await page.goto(base + path)
            faults += await faults_of(page)
        await _opens(clinic, page)
        for theme in ("light", "dark"):
            if theme == "dark":
                await page.goto(f"{base}/account")
                await page.get_by_role("button", name="Dark colours").click()
            for path in PAGES:
                await page.goto(base + path)
                assert await page.evaluate("document.documentElement.dataset.theme") == theme
                if path == "/send":
                    await _drops(page, {"letter.txt": b"no picture at all"})
                faults += await faults_of(page)
        assert not faults, "\n".join(faults)
