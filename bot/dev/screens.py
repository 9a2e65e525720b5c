"""Pictures of docs/users.md, played at phone width: `python -m bot.dev.screens docs/screens`; needs Chromium."""

import asyncio
import re
import shutil
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, ViewportSize, async_playwright
from sqlalchemy import select, update

from bot.dev import coming_in
from bot.dev.demo import CAST, PASSWORD, Demo, _reachable, open_demo
from bot.dev.sandbox import SandboxClient
from bot.dev.story import play
from models.base import Sessions
from models.tables.accounts import Account
from models.tables.scans import Scan
from models.vocabulary import Language, Role
from workflow.actors import actor_of
from workflow.scans import reading
from workflow.scans.draft_hash import draft_hash

CODE: Final = re.compile(r"\b\d{6}\b")
PHONE: Final = ViewportSize(width=390, height=844)
TABLET: Final = ViewportSize(width=1024, height=768)
FINDINGS: Final = reading.TypedFindings(
    "Patchy opacities in both lower zones.", "In keeping with infection.", "Repeat film in two weeks.", "Pneumonia."
)
LINE: Final = "Tab Paracetamol 500 mg tds x 3 days"


async def take(folder: Path) -> None:
    """One picture for each person and language, named `doctor-ta.png`."""
    async with (
        open_demo(**_reachable()) as demo,
        SandboxClient(demo.sandbox.base) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        page = await browser.new_page(viewport=PHONE, reduced_motion="reduce")
        await page.goto(demo.sandbox.web)
        await page.locator("#hint button").click()
        for language in Language:
            await _set_language(demo.app.services.sessions, language)
            await _until_release(demo, clinic, page, folder, language)
            await _shoot_page(demo, clinic, browser, language, folder / f"page-{language.value}.png")
            await coming_in.show(demo, clinic, language.value, folder, partial(_shoot, page))
        await _set_language(demo.app.services.sessions, Language.ENGLISH)
        await _shoot_desk(demo, page, clinic, folder / "desk.png")


async def _shoot_page(demo: Demo, clinic: SandboxClient, browser: Browser, language: Language, file: Path) -> None:
    """The patient's own page, as it opens inside Telegram."""
    amina, words = await clinic.person(CAST[0].name), demo.app.services.catalogues.of(language.value)
    await amina.sends("/page")
    page = await browser.new_page(viewport=PHONE, reduced_motion="reduce")
    await page.goto(await amina.opens_web_app(words.plain("button.page")))
    await page.wait_for_url("**/my")
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=file)
    await page.close()


async def _until_release(demo: Demo, clinic: SandboxClient, page: Page, folder: Path, language: Language) -> None:
    """English is the demo's own story; in the others the workflow's functions write the reading."""
    if language is Language.ENGLISH:
        await play(clinic, demo.picture)
        for one in CAST:
            await _shoot(page, one.name, folder / f"{one.role.value}-en.png")
        await _shoot_viewer(page, clinic, folder / "viewer.png")
        return
    sessions, words = demo.app.services.sessions, demo.app.services.catalogues.of(language.value)
    amina, rao, meena, joseph = [await clinic.person(one.name) for one in CAST]
    await amina.sends_photo(demo.picture)
    await amina.presses(words.plain("button.for_me"))  # she sends for her mother, too
    await rao.presses(words.plain("button.analyse"))
    await rao.presses(words.plain("button.heat_map"))
    await _shoot(page, rao.name, folder / f"doctor-{language.value}.png")
    await _verify(sessions)
    await meena.presses(words.plain("button.prescribe"))
    await meena.sends(LINE)
    await meena.sees(LINE)
    await _shoot(page, meena.name, folder / f"pharmacist-{language.value}.png")
    await meena.presses(words.plain("button.complete"))
    await joseph.presses(words.plain("button.approve"))
    await _shoot(page, joseph.name, folder / f"administrator-{language.value}.png")
    await _shoot(page, amina.name, folder / f"patient-{language.value}.png")


async def _shoot_viewer(page: Page, clinic: SandboxClient, file: Path) -> None:
    """The doctor's film, at a tablet's width."""
    rao = await clinic.person(next(one.name for one in CAST if one.role is Role.DOCTOR))
    back = page.url
    await page.set_viewport_size(TABLET)
    await page.goto(await rao.opens_web_app("Viewer"))
    await page.locator("#tools").wait_for()
    await page.screenshot(path=file)
    await page.set_viewport_size(PHONE)
    await page.goto(back)


async def _shoot_desk(demo: Demo, page: Page, clinic: SandboxClient, file: Path) -> None:
    """The doctor's worklist in a browser: walk-ins and relatives of the stories before it wait."""
    rao = next(one for one in CAST if one.role is Role.DOCTOR)
    earlier = await clinic.mails(rao.email)
    await page.set_viewport_size(TABLET)
    await page.goto(f"{demo.app.settings.base_url}/desk")
    await page.get_by_label("Email").fill(rao.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    await page.locator("#code").wait_for()
    mail = await clinic.mail_to(rao.email, after=earlier[-1] if earlier else None, containing="Your code")
    await page.locator("#code").fill(CODE.findall(mail.text)[0])
    await page.get_by_role("button", name="Sign in").click()
    await page.locator("tr[data-scan]").first.wait_for()
    await page.screenshot(path=file)


async def _set_language(sessions: Sessions, language: Language) -> None:
    async with sessions.begin() as session:
        await session.execute(update(Account).values(language=language.value))


async def _verify(sessions: Sessions) -> None:
    """Write and sign the newest scan's reading as the demo's doctor."""
    async with sessions.begin() as session:
        doctor = next(one for one in CAST if one.role is Role.DOCTOR)
        actor = actor_of((await session.scalars(select(Account).where(Account.email == doctor.email))).one())
        newest = (await session.scalars(select(Scan.id).order_by(Scan.id.desc()).limit(1))).one()
        now = datetime.now(UTC)
        scan = await reading.write_findings(session, actor, newest, FINDINGS, now)
        await reading.verify(session, actor, newest, draft_hash(scan), now)


async def _shoot(page: Page, name: str, file: Path) -> None:
    """The newest messages of this person, as the phone shows them."""
    await page.get_by_role("navigation").get_by_role("button", name=name.split(maxsplit=1)[0]).click()
    thread = page.get_by_role("region", name=name).locator(".thread")
    await thread.evaluate("log => log.scrollTo(0, log.scrollHeight)")
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=file)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(target))
