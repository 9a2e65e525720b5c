"""The desk and a patient's page as installed apps: their workers keep the shell and nothing of a patient."""

import re
import shutil

import pytest
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from bot.dev.demo import PASSWORD, _reachable
from bot.engines import Engines
from models.vocabulary import ScanStatus
from tests.support.browser import ORIGIN, browsing
from tests.support.people import CODE, Clinic, open_clinic
from tests.support.steps import a_scan


@pytest.mark.parametrize(("area", "style"), [("/desk", "desk.css"), ("/my", "my.css")])
async def test_the_shell_is_public_and_names_nobody(engines: Engines, area: str, style: str) -> None:
    async with open_clinic(engines, public_url=ORIGIN) as clinic, browsing(clinic) as browser:
        await a_scan(clinic, ScanStatus.AI_ANALYZED)
        worker = await browser.get(f"{area}/service-worker.js")
        assert worker.headers["Service-Worker-Allowed"] == area
        assert "{" + "area}" not in worker.text
        [files] = re.findall(r"FILES = \[(.*?)\]", worker.text)
        kept = re.findall(r'"([^"]+)"', files)
        assert kept == [f"{area}/assets/{style}", f"{area}/assets/icon.svg", f"{area}/offline"]
        others = ("manifest.webmanifest?lang=ta", "assets/install.js", "assets/notices.js")
        for path in (*kept, *(f"{area}/{one}" for one in others)):
            page = await browser.get(path)
            assert page.status == 200, path
            assert "Amina" not in page.text
        assert (await browser.get(f"{area}/assets/service-worker.js")).status == 404


async def _signs_in(page: Page, clinic: Clinic) -> None:
    await page.goto(f"{clinic.app.settings.base_url}/desk")
    await page.get_by_label("Email").fill("rao@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    await page.locator("#code").wait_for()
    [code] = CODE.findall((await clinic.telegram.mail_to("rao@example.org")).text)
    await page.locator("#code").fill(code)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/desk/worklist")


async def _kept_files(page: Page) -> list[str]:
    """Paths in the caches of the service worker."""
    await page.evaluate("navigator.serviceWorker.ready")
    kept: list[str] = await page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(name => caches.open(name).then(one => one.keys()))))"
        ".then(all => all.flat().map(one => new URL(one.url).pathname))"
    )
    return sorted(kept)


@pytest.mark.slow
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [360, 1400])
async def test_a_doctor_signs_in_by_hand_and_works_by_keys(engines: Engines, width: int) -> None:
    """No script or style is refused, nothing is wider than the screen, every control has a name, and it installs."""
    async with (
        open_clinic(engines, **_reachable()) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        await a_scan(clinic, ScanStatus.AI_ANALYZED)
        base = clinic.app.settings.base_url
        page = await browser.new_page(viewport=ViewportSize(width=width, height=800))
        complaints: list[str] = []
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await _signs_in(page, clinic)
        await expect(page.locator("#live")).to_have_text("Kept up to date.")
        await a_scan(clinic, ScanStatus.AI_ANALYZED)
        await expect(page.locator("tr[data-scan]")).to_have_count(2)
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await expect(page.locator("tr[data-scan]").nth(1)).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/desk/scans/*")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        names = await page.locator("a, button, input:not([type=hidden])").evaluate_all(
            "all => all.map(one => one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent)"
        )
        assert all(names)
        await page.get_by_role("link", name="Film").click()
        await page.locator("#tools").wait_for()
        assert "Amina Yusuf" in await page.locator("#title").inner_text()
        await page.goto(f"{base}/desk/account")
        assert await _kept_files(page) == ["/desk/assets/desk.css", "/desk/assets/icon.svg", "/desk/offline"]
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/desk/sign-in")
        await page.goto(f"{base}/desk")  # behind the service worker
        await page.wait_for_url("**/desk/sign-in")
        assert complaints == []
