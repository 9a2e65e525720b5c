"""Chromium at the desk: the sign-in, and the faults that axe-core finds on a page."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, ViewportSize

from bot.dev.demo import PASSWORD
from tests.support.people import CODE, Clinic

WIDTHS = (360, 768, 1400)
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


async def faults_of(page: Page) -> list[str]:
    """Address, width, rule, element and what is wrong with it."""
    found = []
    for width in WIDTHS:
        await page.set_viewport_size(ViewportSize(width=width, height=800))
        result = await Axe().run(page, options=OPTIONS)
        for fault in result.response["violations"]:
            found += [
                f"{page.url} {width} {fault['id']} {one['html'][:120]} {one['failureSummary']}"
                for one in fault["nodes"]
            ]
        if not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append(f"{page.url} {width} is wider than the screen")
    return found


async def signs_in(page: Page, clinic: Clinic, email: str) -> None:
    """With the password and the mailed code."""
    await page.goto(f"{clinic.app.settings.base_url}/desk/sign-in")
    await page.locator("[name=email]").fill(email)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("main button").click()
    await page.locator("#code").fill(await mailed_code(clinic, email))
    await page.locator("main button").click()
    await page.wait_for_url("**/desk/worklist")


async def mailed_code(clinic: Clinic, email: str, after: object = None) -> str:
    """The code of the first mail with one after this mail."""
    mail = await clinic.telegram.mail_to(email, after=after, containing="Your code")
    code: str = CODE.findall(mail.text)[0]
    return code
