"""Threat: pictures through a patient's page hold up other people, or come in when the sender may send no more."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.engines import Engines
from bot.jobs.scans.complaints import ask_complaint
from bot.services import PICTURE_BURST
from bot.web.patient.upload import MAX_AT_ONCE, UPLOADS, Uploads
from inference.upload.decoder import THREADS
from models.tables.scans import Scan
from models.vocabulary import Relation, Role, ScanStatus, Sex
from tests.support.browser import ORIGIN, Browser, Page, browsing
from tests.support.ownership import _moves_in
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan, actor
from tests.support.viewing import opened, viewing
from workflow import consent
from workflow.accounts.files import dependants

PATIENCE = 15.0  # seconds
AMINA, BELA = "amina@example.org", "bela@example.org"


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def own_id(clinic: Clinic, email: str) -> int:
    async with clinic.app.services.sessions() as session:
        return (await actor(session, email)).account_id or 0


async def a_child(clinic: Clinic) -> int:
    """A child for whom Amina acts."""
    born = datetime.now(UTC).date() - timedelta(days=3000)
    facts = dependants.Dependant("Zara Yusuf", born, False, Sex.FEMALE, Relation.CHILD)
    async with clinic.app.services.sessions.begin() as session:
        child = await dependants.add(session, await actor(session, AMINA), facts, datetime.now(UTC))
    return child.account_id or 0


def places(browser: Browser) -> Uploads:
    assert browser.web.app is not None
    return browser.web.app[UPLOADS]


@asynccontextmanager
async def sending(clinic: Clinic, browser: Browser, patient: int, sender: int) -> AsyncIterator[asyncio.Task[Page]]:
    """A picture on its way; its second half follows when the block is left."""
    rest = asyncio.Event()

    async def halves() -> AsyncIterator[bytes]:
        yield clinic.picture[:1000]
        await rest.wait()
        yield clinic.picture[1000:]

    async with asyncio.TaskGroup() as group:
        task = group.create_task(browser.uploads(halves(), patient))
        while sender not in places(browser)._people:
            assert not task.done()
            await asyncio.sleep(0.01)
        yield task
        rest.set()


async def scans_and_files(clinic: Clinic) -> tuple[int, int]:
    async with clinic.app.services.sessions() as session:
        number = await session.scalar(select(func.count()).select_from(Scan)) or 0
    return number, len(clinic.app.services.vault.names_before(datetime.now(UTC)))


async def test_a_slow_picture_holds_up_nobody_else_and_no_chat(public: Clinic) -> None:
    """Many tabs of one patient are one place; where patients hold all places, the chats take pictures in."""
    bela = await _moves_in(public, "Bela Stranger", BELA, Role.PATIENT)
    async with public.app.services.sessions.begin() as session:
        await consent.agree(session, await actor(session, BELA), datetime.now(UTC))
    amina, belas = await own_id(public, AMINA), await own_id(public, BELA)
    async with browsing(public) as browser:
        other = Browser(browser.web)
        await browser.opens_page(public.amina)
        await other.opens_page(bela)
        await browser.get("/my/consent")
        await other.get("/my/consent")
        async with sending(public, browser, amina, amina) as slow:
            assert (await other.uploads(public.picture, belas)).status == 200
            assert (await browser.uploads(public.picture, amina)).status == 429, "another tab"
            with ExitStack() as others:
                for number in range(1, MAX_AT_ONCE):
                    others.enter_context(places(browser).place(-number))
                assert (await other.uploads(public.picture, belas)).status == 429
                await public.amina.sends_photo(public.picture)
                await public.amina.sees("Received")
        assert slow.result().status == 200


async def test_films_that_patients_look_at_hold_up_no_film_of_the_staff(public: Clinic) -> None:
    """They are decoded in the thread of the uploads, also while all threads of the staff are busy."""
    scan, gate = await a_scan(public, ScanStatus.AI_ANALYZED), threading.Event()
    decoder = public.app.services.decoder
    async with viewing(public) as web, asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE):
        headers = await opened(web, public.amina)
        busy = [group.create_task(decoder.run(gate.wait)) for _ in range(THREADS)]
        try:
            answer = await web.get(f"/viewer/scans/{scan}/film", headers=headers)
        finally:
            gate.set()
        assert answer.status == 200
    assert all(one.result() for one in busy)


async def test_a_picture_on_its_way_is_refused_when_the_sender_may_send_no_more(public: Clinic) -> None:
    child = await a_child(public)
    amina = await own_id(public, AMINA)
    async with browsing(public) as browser:
        await browser.opens_page(public.amina)
        await browser.get("/my/consent")
        async with sending(public, browser, child, amina) as slow, public.app.services.sessions.begin() as session:
            await dependants.give_up(session, await actor(session, AMINA), child, datetime.now(UTC))
        assert slow.result().status == 409, "the child's file is another's now"
        async with sending(public, browser, amina, amina) as slow, public.app.services.sessions.begin() as session:
            await consent.withdraw(session, await actor(session, AMINA), datetime.now(UTC))
        assert slow.result().status == 409, "the agreement is taken back"
        async with public.app.services.sessions.begin() as session:
            await consent.agree(session, await actor(session, AMINA), datetime.now(UTC))
        async with sending(public, browser, amina, amina) as slow:
            tab = Browser(browser.web)
            tab.cookies, tab.form_token = dict(browser.cookies), browser.form_token
            assert (await tab.post("/my/sign-out")).location == "/my/sign-in"
        assert slow.result().status == 401, "signed out"
    assert await scans_and_files(public) == (0, 0)


async def test_a_chat_that_is_another_persons_by_now_hears_of_no_picture(public: Clinic) -> None:
    """Telegram may have been away for hours between the picture and the question."""
    bela = await _moves_in(public, "Bela Stranger", BELA, Role.PATIENT)
    scan = await a_scan(public, ScanStatus.PENDING_AI)
    await ask_complaint(public.app.services, scan, bela.chat_id)
    await ask_complaint(public.app.services, scan, public.amina.chat_id)
    await public.amina.sees("has come from your page")
    assert "has come from your page" not in str([one.text for one in await bela.messages()])


async def test_the_rate_of_pictures_is_the_settings(engines: Engines) -> None:
    """At ten an hour the thirty-first at once is refused, whatever the pictures are; another patient's are not."""
    async with open_clinic(engines, public_url=ORIGIN, pictures_per_hour=10) as clinic, browsing(clinic) as browser:
        await browser.opens_computer(clinic.amina)
        patient = await own_id(clinic, AMINA)
        answers = [(await browser.uploads(b"no picture", patient)).status for _ in range(PICTURE_BURST + 1)]
        assert answers == [422] * PICTURE_BURST + [429]
        assert places(browser)._rates[str(patient)].wait(1) > 300, "six minutes between two, less what the test took"
        with places(browser).place(patient + 1):
            assert patient + 1 in places(browser)._people
