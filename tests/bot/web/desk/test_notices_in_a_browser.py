"""Notices in Chromium: the page's buttons by keyboard, and the service worker that shows what comes.

No push service can be reached from a test: the browser's `PushManager` is replaced by one that gives subscriptions of
the service on loopback, and what that service received is handed to the worker by Chromium's own DevTools."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from bot.dev.demo import PASSWORD, _reachable
from bot.engines import Engines
from tests.support.people import CODE, Clinic, open_clinic
from tests.support.push_service import PushService, push_service

SHELL: Final = ["/desk/assets/desk.css", "/desk/assets/icon.svg", "/desk/offline"]
PUSH_MANAGER: Final = """
(given) => {
  const made = (target) => target && {
    toJSON: () => ({ endpoint: target.endpoint, keys: { p256dh: target.p256dh, auth: target.auth } }),
    unsubscribe: async () => { localStorage.removeItem("push"); return true; },
  };
  PushManager.prototype.getSubscription = async () => made(JSON.parse(localStorage.getItem("push")));
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly || !options.applicationServerKey) throw new TypeError();
    if (given === null) await new Promise((next) => addEventListener("away", next));
    if (given === null) throw new DOMException("away", "AbortError");
    localStorage.setItem("push", JSON.stringify(given));
    return made(given);
  };
}
"""
SHOWN: Final = """
async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map(({ title, body, lang, tag }) => ({ title, body, lang, tag }))
"""
# Chromium forgets a notice that is asked for before it is displayed
WATCH: Final = """
() => {
  const show = ServiceWorkerRegistration.prototype.showNotification;
  self.shown = new Promise((done, fail) => {
    ServiceWorkerRegistration.prototype.showNotification = function (...given) {
      ServiceWorkerRegistration.prototype.showNotification = show;
      return show.apply(this, given).then(done, fail);
    };
  });
}
"""
CLICK: Final = """
async () => {
  const asked = new Promise((done) => {
    Clients.prototype.openWindow = async (address) => done(`open ${address}`);
    WindowClient.prototype.focus = async function () { done(`focus ${new URL(this.url).pathname}`); };
  });
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  return asked;
}
"""
ACTIVE: Final = """
async () => (await navigator.serviceWorker.ready).active.state === "activated" && navigator.serviceWorker.controller
"""
KEPT: Final = """
async () => (await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys())))
  .flat().map((one) => new URL(one.url).pathname).sort()
"""


@asynccontextmanager
async def _account_page(
    engines: Engines, *, granted: bool = True
) -> AsyncIterator[tuple[Clinic, PushService, BrowserContext, Page]]:
    """The doctor's own page in Chromium, whose errors fail the test."""
    async with (
        push_service() as (service, setting),
        open_clinic(engines, **_reachable(), **setting) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        base = clinic.app.settings.base_url
        context = await browser.new_context()
        if granted:
            await context.grant_permissions(["notifications"], origin=base)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{base}/desk/sign-in")
        await page.get_by_label("Email").fill("rao@example.org")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Go on").click()
        await page.locator("#code").wait_for()
        [code] = CODE.findall((await clinic.telegram.mail_to("rao@example.org")).text)
        await page.locator("#code").fill(code)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/desk/worklist")
        yield clinic, service, context, page
        assert complaints == []


async def _opens(page: Page, base: str | None, target: dict[str, str] | None) -> None:
    """The own page, where the browser's push service gives this subscription, or is away."""
    await page.add_init_script(f"({PUSH_MANAGER})({json.dumps(target)})")
    await page.goto(f"{base}/desk/account")


async def _deliver(context: BrowserContext, page: Page, base: str | None, text: dict[str, str]) -> None:
    """Hand a message to the service worker as Chromium does when it has decrypted one; it is shown."""
    tools = await context.new_cdp_session(page)
    registrations: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    await tools.send("ServiceWorker.enable")
    await page.wait_for_function(ACTIVE)
    message: dict[str, Any] = {"origin": base, "registrationId": registrations[0], "data": json.dumps(text)}
    [worker] = context.service_workers
    await worker.evaluate(WATCH)
    await tools.send("ServiceWorker.deliverPushMessage", message)
    await worker.evaluate("self.shown")


@pytest.mark.slow
@pytest.mark.needs("chromium")
async def test_notices_are_switched_on_by_key_tested_shown_and_stopped(engines: Engines) -> None:
    async with _account_page(engines) as (clinic, service, context, page):
        base, state = clinic.app.settings.base_url, page.locator("#notices [role=status]")
        await _opens(page, base, service.subscription())
        await expect(state).to_have_text("Off.")
        await page.get_by_role("button", name="Notify this computer").focus()
        await page.keyboard.press("Enter")
        await expect(state).to_have_text("On: this computer is notified.")
        await expect(page.get_by_role("button", name="Notify this computer")).to_be_hidden()
        await page.get_by_role("button", name="Send a test").click()
        await expect(state).to_have_text("On. A test is on its way; it comes within a minute.")
        [push] = await service.gets(1)
        await _deliver(context, page, base, push.text)
        shown = {"title": "Scan desk", "body": "A test: notices reach this computer.", "lang": "en", "tag": "desk"}
        assert await page.evaluate(SHOWN) == [shown]
        assert await page.evaluate(KEPT) == SHELL, "nothing else is kept"
        await page.get_by_role("button", name="Stop").click()
        await expect(state).to_have_text("Off.")
        assert await page.evaluate("localStorage.getItem('push')") is None, "ended in the browser, too"
        await page.add_init_script("delete window.PushManager")
        await page.reload()
        await expect(state).to_have_text("Not available here: this browser cannot show notices.")
        await expect(page.get_by_role("button", name="Notify this computer")).to_be_hidden()


@pytest.mark.slow
@pytest.mark.needs("chromium")
async def test_a_click_on_a_notice_opens_the_desk_or_goes_to_the_open_worklist(engines: Engines) -> None:
    """Chromium lets no program click on a notice: its event is made here, and what the worker asks for is noted."""
    async with _account_page(engines) as (clinic, _, context, page):
        base = clinic.app.settings.base_url
        await _deliver(context, page, base, {"title": "Scan desk", "body": "Something waits.", "lang": "en"})
        [worker] = context.service_workers
        assert await worker.evaluate(CLICK) == "focus /desk/worklist"
        await _deliver(context, page, base, {"title": "Scan desk", "body": "Something waits.", "lang": "en"})
        await page.goto(f"{base}/desk/account")
        assert await worker.evaluate(CLICK) == "open /desk"
        assert await page.evaluate(SHOWN) == [], "the notice is gone"


@pytest.mark.slow
@pytest.mark.needs("chromium")
async def test_a_browser_that_refuses_notices_or_has_lost_them_says_so(engines: Engines) -> None:
    async with _account_page(engines) as (clinic, service, context, page):
        base, state = clinic.app.settings.base_url, page.locator("#notices [role=status]")
        await _opens(page, base, None)
        await page.get_by_role("button", name="Notify this computer").click()
        await expect(state).to_have_text("Waiting for the browser: allow notices if it asks.")
        await page.evaluate("dispatchEvent(new Event('away'))")
        await expect(state).to_have_text("That did not work. Please try again in a while.")
        await _opens(page, base, service.subscription())
        await page.get_by_role("button", name="Notify this computer").click()
        await expect(state).to_have_text("On: this computer is notified.")
        await page.evaluate("localStorage.clear()")  # as when the browser's data was cleared
        await page.reload()
        await expect(state).to_have_text("Off.")
        await expect(page.get_by_role("button", name="Send a test")).to_be_hidden()
        await context.clear_permissions()
        await page.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
        await page.reload()
        await expect(state).to_contain_text("This browser refuses notices.")
        await expect(page.get_by_role("button", name="Notify this computer")).to_be_hidden()
