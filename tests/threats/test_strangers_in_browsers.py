"""Threat: strangers in browsers use up a limit, and the owner of an account is refused.

They run at full rate for an hour, also from the network of the hospital, and then its owner passes."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update

from bot.dev.demo import PASSWORD
from bot.dev.sandbox.server import DEMO_TOKEN
from bot.dev.sandbox.store import Person
from bot.dev.sandbox.web_apps import init_data
from bot.engines import Engines
from bot.web.app import build_web_app
from models.base import Sessions
from models.tables.accounts import Account, BrowserSession
from models.vocabulary import Role
from tests.support.browser import ORIGIN, Browser, browsing
from tests.support.people import Clinic, open_clinic
from tests.support.rows import NOW, a_person
from workflow.accounts import logins, registration
from workflow.accounts.browsers import opening
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.codes import TOTAL_PER_WINDOW
from workflow.accounts.sessions import create_link
from workflow.errors import CodesUsedUp, LoginLocked

HOUR = timedelta(hours=1)
OWN = -(2**61)  # the number of the owner's browser
EMAIL = "rao@example.org"
LINK = re.compile(r"https://scans\.example\.org(/desk/open/\S+)")


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def _guesses_in_browsers(db: Sessions, email: str, at: datetime) -> int:
    """Wrong passwords for an hour, each in a browser of its own; returns how many were refused."""
    refused = 0
    for minute in range(60):
        try:
            async with db.begin() as session:
                await logins.begin_attempt(session, browsers.new_number(), email, at + timedelta(minutes=minute))
        except LoginLocked:
            refused += 1
    return refused


async def test_guesses_in_browsers_shut_neither_the_linked_chat_nor_the_browser_that_is_signed_in(
    sessions: Sessions,
) -> None:
    async with sessions.begin() as session:
        doctor = await a_person(session, Role.DOCTOR, password_hash="hash")
        account = await session.get_one(Account, doctor.account_id)
        email = account.email or ""
        await create_link(session, 7, account, NOW)
        await browsers.open_session(session, account, OWN, NOW, browsers.Origin("Firefox, Windows"))
    assert await _guesses_in_browsers(sessions, email, NOW) > 40
    for number in (7, OWN):
        async with sessions.begin() as session:
            assert await logins.begin_attempt(session, number, email, NOW + HOUR) == "hash"
            await logins.record_success(session, number, email)
    async with sessions.begin() as session:  # and their success gives strangers no new guesses
        with pytest.raises(LoginLocked):
            await logins.begin_attempt(session, browsers.new_number(), email, NOW + HOUR)


async def test_codes_of_strangers_and_patients_leave_a_share_to_the_links_of_computers(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        doctor = await a_person(session, Role.DOCTOR)
    refused = 0
    for number in range(TOTAL_PER_WINDOW):
        try:
            async with sessions.begin() as session:
                await registration.request_email_code(session, 20_000 + number, f"{number}@example.org", "en", NOW)
        except CodesUsedUp:
            refused += 1
    assert refused == TOTAL_PER_WINDOW / 2
    async with sessions.begin() as session:
        token = await opening.open_link(session, doctor, 7, NOW)
        assert await opening.is_offered(session, token, NOW)


async def _guesses_from_the_hospital(browser: Browser) -> None:
    """Wrong passwords from the network of the hospital, until they are refused."""
    answers = [await browser.types_password(f"{turn}@example.org", "wrong") for turn in range(25)]
    assert answers[-1].status == 429


async def test_guesses_from_the_own_network_do_not_shut_out_a_chats_browser_nor_unlock_and_proof(
    public: Clinic,
) -> None:
    """The sign-in by password is shut for that network; what a signed-in chat or browser does is not."""
    async with browsing(public) as signed_in:
        await signed_in.signs_in(public, "joseph@example.org")
        guesser, owner = Browser(signed_in.web), Browser(signed_in.web)
        await _guesses_from_the_hospital(guesser)
        assert (await owner.types_password(EMAIL)).status == 429
        await public.rao.sends("/computer")
        [path] = LINK.findall((await public.rao.sees("Open this link")).text)
        await owner.get(path)
        assert (await owner.post(path)).location.startswith("/desk/waiting")
        [number] = re.findall(r'class="number">(\d\d)<', (await owner.get("/desk/waiting")).text)
        await public.rao.presses(number, on="Which number")
        await public.rao.sees("The browser is signed in")
        assert (await owner.get("/desk/waiting")).location == "/desk"
        await signed_in.proves(public, "joseph@example.org")
        idle = datetime.now(UTC) - public.app.services.idle_limit - timedelta(minutes=1)
        async with public.app.services.sessions.begin() as session:
            await session.execute(update(BrowserSession).values(seen_at=idle))
        await owner.get("/desk/unlock")
        assert (await owner.post("/desk/unlock", {"password": PASSWORD})).location == "/desk"


async def test_junk_from_the_own_network_keeps_nobody_from_the_viewer(public: Clinic) -> None:
    services = public.app.services
    async with TestClient(TestServer(build_web_app(services, public.app.metrics))) as web:
        junk = [(await web.post("/viewer/session", json={"init_data": "x"})).status for _ in range(25)]
        assert junk[-1] == 429
        rao = init_data(DEMO_TOKEN, Person(public.rao.chat_id, "Dr Rao"), int(datetime.now(UTC).timestamp()))
        assert (await web.post("/viewer/session", json={"init_data": rao})).status == 200


async def test_junk_at_a_patients_page_keeps_no_patient_out_and_no_staff(public: Clinic) -> None:
    """The sign-ins of the desk have attempts of their own."""
    async with browsing(public) as browser:
        junk = [(await browser.exchanges("x")).status for _ in range(25)]
        assert junk[-1] == 429
        assert (await browser.opens_page(public.amina)).status == 200
        assert (await Browser(browser.web).types_password(EMAIL)).location.startswith("/desk/code")


async def test_many_addresses_of_one_ipv6_network_are_one_guesser(public: Clinic) -> None:
    async with browsing(public) as stranger:

        async def guess(number: int, address: str) -> int:
            stranger.cookies.clear()
            await stranger.get("/desk/sign-in")
            fields = {"email": f"nobody{number}@example.org", "password": "wrong"}
            return (await stranger.post("/desk/sign-in", fields, X_Forwarded_For=address)).status

        statuses = [await guess(number, f"2001:db8::{number + 1:x}") for number in range(25)]
        assert set(statuses[:20]) == {401}
        assert 429 in statuses[20:]
        assert await guess(26, "2001:db8:0:1::1") == 401
