"""The desk and the viewer by axe-core's rules (WCAG 2.2 AA): names, contrast, targets; both themes, three widths."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from playwright.async_api import Page, async_playwright

from bot.dev.demo import PASSWORD, _reachable
from bot.engines import Engines
from models.vocabulary import ScanStatus
from tests.support.pages import faults_of
from tests.support.people import CODE, Clinic, open_clinic
from tests.support.steps import a_scan

PAGES = tuple(f"/desk/{name}" for name in ("worklist", "patients", "house", "week", "record", "model", "account"))


@asynccontextmanager
async def _signed_in(engines: Engines, email: str, theme: str) -> AsyncIterator[tuple[Clinic, Page]]:
    async with (
        open_clinic(engines, **_reachable()) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        await clinic.plays("released")
        await a_scan(clinic, ScanStatus.AI_ANALYZED)
        page = await browser.new_page()
        await page.goto(f"{clinic.app.settings.base_url}/desk/sign-in")
        assert await faults_of(page) == []
        await page.locator("[name=email]").fill(email)
        await page.locator("[name=password]").fill(PASSWORD)
        await page.locator("main button").click()
        await page.locator("#code").wait_for()
        assert await faults_of(page) == []
        [code] = CODE.findall((await clinic.telegram.mail_to(email, containing="Your code")).text)
        await page.locator("#code").fill(code)
        await page.locator("main button").click()
        await page.wait_for_url("**/desk/worklist")
        await page.goto(f"{clinic.app.settings.base_url}/desk/account")
        if theme == "light":
            await page.locator("form[action='/desk/theme'] button").click()
        assert await page.evaluate("document.documentElement.dataset.theme") == theme
        yield clinic, page


@pytest.mark.slow
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("email", ["joseph@example.org", "rao@example.org"])
async def test_no_page_of_the_desk_has_a_fault_that_axe_finds(engines: Engines, email: str, theme: str) -> None:
    async with _signed_in(engines, email, theme) as (clinic, page):
        base, faults = clinic.app.settings.base_url, list[str]()
        if email.startswith("joseph"):
            await _enters_a_holiday(clinic, page)
        shown = await page.locator("nav a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        assert set(shown) <= set(PAGES)
        deeper = ("/desk/scans/1", "/desk/scans/2", "/desk/patients/1", "/desk/house/settings", "/desk/offline")
        for path in (*shown, *deeper):
            await page.goto(f"{base}{path}")
            faults += await faults_of(page)
        if email.startswith("rao"):
            await page.goto(f"{base}/desk/scans/2")
            await page.get_by_role("link", name="Film").click()
            await page.locator("#tools").wait_for()
            faults += await faults_of(page)
        assert not faults, "\n".join(faults)


async def _enters_a_holiday(clinic: Clinic, page: Page) -> None:
    """By the keyboard alone, after a code; the forms of the hours stay on the page of the house."""
    earlier = (await clinic.telegram.mails("joseph@example.org"))[-1]
    await page.goto(f"{clinic.app.settings.base_url}/desk/house")
    await page.get_by_role("link", name="Change them").press("Enter")
    mail = await clinic.telegram.mail_to("joseph@example.org", after=earlier, containing="Your code")
    await page.locator("#code").fill(CODE.findall(mail.text)[0])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/proved")
    await page.goto(f"{clinic.app.settings.base_url}/desk/house")
    await page.get_by_label("Sun", exact=True).fill("9-13")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/house#hours")
    assert await page.get_by_label("Sun", exact=True).input_value() == "09:00-13:00"
    day = (clinic.app.services.now() + timedelta(days=3)).date()
    await page.get_by_label("Day", exact=True).fill(day.isoformat())
    await page.get_by_label("Name, as patients see it").fill("Pongal")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Remove:").wait_for()
