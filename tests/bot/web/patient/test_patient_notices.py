"""Notices on patients' devices: when they come, what they say, how long they go on, and what ends them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import pytest
from sqlalchemy import delete, select, update

from bot.engines import Engines
from models.tables.accounts import Account, BrowserSession
from models.tables.chats import PushSubscription
from models.tables.jobs import Job
from models.vocabulary import Relation, ScanStatus, Sex
from tests.support.browser import ORIGIN, Browser, browsing
from tests.support.jobs import count, settles
from tests.support.people import Clinic, open_clinic
from tests.support.push_service import PushService, push_service
from tests.support.steps import a_scan, actor, until
from workflow.accounts.browsers import notices
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.files import dependants
from workflow.jobs import JobKind

AMINA: Final = "amina@example.org"
WAITS: Final = {"title": "Demo Hospital", "body": "Something waits for you.", "lang": "en"}


class House(NamedTuple):
    clinic: Clinic
    service: PushService

    async def subscribes(self, browser: Browser) -> None:
        """Amina switches notices on, on a computer."""
        await browser.opens_computer(self.clinic.amina)
        await browser.get("/my/account")
        assert (await browser.post("/my/notices", self.service.subscription())).location == "/my/account#notices"

    async def gets_no_more(self, already: int) -> bool:
        await settles(self.clinic)
        return len(self.service.came) == already

    async def a_minute_passes(self) -> None:
        """Move the last notice two minutes back, once nothing is left to be done."""
        await settles(self.clinic)
        async with self.clinic.app.services.sessions.begin() as session:
            await session.execute(update(PushSubscription).values(sent_at=datetime.now(UTC) - timedelta(minutes=2)))
            await session.execute(update(Job).where(Job.kind == JobKind.PUSH_PATIENT).values(run_at=datetime.now(UTC)))


@pytest.fixture
async def house(engines: Engines) -> AsyncIterator[House]:
    async with (
        push_service() as (service, setting),
        open_clinic(engines, public_url=ORIGIN, **setting) as clinic,
    ):
        yield House(clinic, service)


@pytest.mark.slow
async def test_a_retake_a_report_and_words_of_the_staff_bring_one_neutral_sentence(house: House) -> None:
    clinic = house.clinic
    async with browsing(clinic) as browser:
        await house.subscribes(browser)
        assert "On: this device is notified." in (await browser.get("/my/account")).text
        assert (await browser.post("/my/notices/test")).location == "/my/account?tested=1#notices"
        [push] = await house.service.gets(1)
        assert push.text == WAITS | {"body": "A test: notices reach this device."}
        await house.a_minute_passes()
        await a_scan(clinic, ScanStatus.REJECTED)
        [_, push] = await house.service.gets(2)
        assert push.text == WAITS
        assert (push.headers["TTL"], push.headers["Urgency"]) == ("86400", "normal")
        await house.a_minute_passes()
        await until(clinic, "released")
        assert (await house.service.gets(3))[-1].text == WAITS
        await house.a_minute_passes()
        await clinic.amina.sends("/human")
        await clinic.rao.presses("I take it", on="would like to talk")
        await clinic.rao.sees("Just write")
        await clinic.rao.sends("Good morning")
        assert (await house.service.gets(4))[-1].text == WAITS
        assert await house.gets_no_more(4)


async def test_notices_outlive_the_pages_and_the_lock_and_end_with_sign_out_and_after_a_month(house: House) -> None:
    sessions, now = house.clinic.app.services.sessions, datetime.now(UTC)
    async with browsing(house.clinic) as browser:
        await house.subscribes(browser)
        async with sessions.begin() as session:
            old = now - browsers.LONGEST - timedelta(hours=2)
            await session.execute(update(BrowserSession).values(created_at=old, seen_at=old, renewed_at=old))
            await browsers.delete_old(session, now)
            assert len(await notices.of_account(session, (await actor(session, AMINA)).account_id or 0)) == 1
        assert (await browser.get("/my")).location == "/my/sign-in", "no page any more"
        await a_scan(house.clinic, ScanStatus.REJECTED)
        assert [one.text for one in await house.service.gets(1)] == [WAITS]
        async with sessions.begin() as session:
            await session.execute(update(BrowserSession).values(ends_at=now))
            await browsers.delete_old(session, now + timedelta(seconds=1))
        assert await count(house.clinic, PushSubscription) == 0
        await house.subscribes(browser)
        await browser.get("/my/account")
        assert (await browser.post("/my/notices/stop")).location == "/my/account#notices"
        await browser.get("/my/account")
        await browser.post("/my/notices", house.service.subscription())
        await browser.get("/my/account")
        await browser.post("/my/sign-out")
        assert await count(house.clinic, PushSubscription) == 0
        await a_scan(house.clinic, ScanStatus.REJECTED)
        assert await house.gets_no_more(1)


async def test_a_relative_hears_while_they_act_and_nobody_whose_account_is_suspended(house: House) -> None:
    born = datetime.now(UTC).date() - timedelta(days=3000)
    facts = dependants.Dependant("Zara Yusuf", born, False, Sex.FEMALE, Relation.CHILD)
    sessions, now = house.clinic.app.services.sessions, datetime.now(UTC)
    async with browsing(house.clinic) as browser:
        await house.subscribes(browser)
        async with sessions.begin() as session:
            child = await dependants.add(session, await actor(session, AMINA), facts, now)
            since = datetime.now(UTC)
            await notices.enqueue_for_patient(session, child.account_id or 0, since, since)
        assert (await house.service.gets(1))[0].text == WAITS
        await settles(house.clinic)
        async with sessions.begin() as session:
            await dependants.give_up(session, await actor(session, AMINA), child.account_id or 0, now)
            later = datetime.now(UTC)
            await notices.enqueue_for_patient(session, child.account_id or 0, later, later)
        assert await house.gets_no_more(1)
        async with sessions.begin() as session:
            await session.execute(delete(Job).where(Job.kind == JobKind.PUSH_PATIENT))
            await session.execute(update(Account).where(Account.email == AMINA).values(suspended_at=now))
            own, later = (await actor(session, AMINA)).account_id or 0, datetime.now(UTC)
            await notices.enqueue_for_patient(session, own, later, later)
        assert await house.gets_no_more(1)
    async with sessions() as session:
        assert not (await session.scalars(select(PushSubscription))).all()
