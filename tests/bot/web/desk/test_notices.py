"""Notices on the computers of staff: a neutral sentence by Web Push to those on duty, and to nobody else."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.engines import Engines
from models.tables.accounts import Account, BrowserSession
from models.tables.audit import AuditRow
from models.tables.chats import PushSubscription
from models.tables.jobs import Job
from models.vocabulary import Role, ScanStatus
from tests.support.browser import ORIGIN, Browser, Page, browsing
from tests.support.jobs import comes_due, count, settles, waits
from tests.support.people import Clinic, eventually, open_clinic
from tests.support.push_service import PushService, push_service
from tests.support.rows import a_person
from tests.support.steps import a_scan, actor
from workflow.accounts import roles
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.browsers.notices import INTERVAL
from workflow.jobs import JobKind
from workflow.privacy import export
from workflow.queue import stat
from workflow.scans import claims

RAO, MEENA, JOSEPH = "rao@example.org", "meena@example.org", "joseph@example.org"
WAITS = {"title": "Scan desk", "body": "Something waits at the desk.", "lang": "en"}
PUSH = JobKind.PUSH_NOTICE


class Desk(NamedTuple):
    clinic: Clinic
    service: PushService

    async def subscribes(self, browser: Browser, email: str) -> Page:
        """Sign in and switch notices on."""
        await browser.signs_in(self.clinic, email)
        return await self.asks(browser)

    async def asks(self, browser: Browser, **other: str) -> Page:
        await browser.get("/desk/account")
        return await browser.post("/desk/notices", self.service.subscription() | other)

    async def a_minute_passes(self) -> None:
        """Move the last notice two minutes back, once it is recorded, and make what waits due."""
        await eventually(self.clinic.app.services.sessions, _was_sent)
        async with self.clinic.app.services.sessions.begin() as session:
            for one in await session.scalars(select(PushSubscription).where(PushSubscription.sent_at.is_not(None))):
                one.sent_at = datetime.now(UTC) - timedelta(minutes=2)
        await comes_due(self.clinic)

    async def subscriptions(self) -> int:
        return await count(self.clinic, PushSubscription)

    async def is_stat(self, scan_id: int, email: str, *, on: bool = True) -> None:
        """This person asks for the scan to be read first, or takes that back."""
        async with self.clinic.app.services.sessions.begin() as session:
            await stat.set_stat(session, await actor(session, email), scan_id, on, datetime.now(UTC))

    async def is_also(self, email: str, role: Role) -> None:
        """This person gets one more role."""
        async with self.clinic.app.services.sessions.begin() as session:
            account = (await session.scalars(select(Account).where(Account.email == email))).one()
            roles.grant(account, role, "X-1", datetime.now(UTC), None)

    async def gets_no_more(self, already: int) -> bool:
        """No further one came, whatever was still to be done."""
        await settles(self.clinic)
        return len(self.service.came) == already


@pytest.fixture
async def desk(engines: Engines) -> AsyncIterator[Desk]:
    async with push_service() as (service, setting), open_clinic(engines, public_url=ORIGIN, **setting) as clinic:
        yield Desk(clinic, service)


async def test_a_new_scan_is_a_neutral_notice_on_the_doctors_computer(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with browsing(desk.clinic) as rao, browsing(desk.clinic) as meena:
        assert (await desk.subscribes(rao, RAO)).location == "/desk/account#notices"
        assert "On: this computer is notified" in (await rao.get("/desk/account")).text
        await desk.subscribes(meena, MEENA)
        scan_id = await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        [push] = await desk.service.gets(1)
        assert push.text == WAITS
        assert (push.headers["TTL"], push.headers["Topic"], push.headers["Urgency"]) == ("3600", "waits", "normal")
        await desk.clinic.rao.sees(f"Scan #{scan_id}")
        assert await desk.gets_no_more(1), "the pharmacist has nothing to do yet"
    async with desk.clinic.app.services.sessions() as session:
        stored = (await session.execute(text("SELECT target FROM push_subscriptions"))).scalars().all()
        [endpoint, _] = [one.target["endpoint"] for one in await session.scalars(select(PushSubscription))]
    assert all(one.startswith(b"CSSS\x01") for one in stored), "sealed with the key of the person"
    logged = [one.getMessage() for one in caplog.records if one.name != "aiohttp.access"]  # the push service's own
    assert logged
    assert endpoint.rpartition("/")[2] not in str(logged)
    payloads = [job.payload for job in await _pushed(desk.clinic)]
    assert all(set(one) == {"number", "since", "scan_id"} for one in payloads)
    assert len({one["number"] for one in payloads}) == 1, "no job for a computer in another role"


async def _pushed(clinic: Clinic) -> list[Job]:
    async with clinic.app.services.sessions() as session:
        return [*await session.scalars(select(Job).where(Job.kind == PUSH))]


@pytest.mark.slow
async def test_each_role_hears_of_its_own_work_in_its_language(desk: Desk) -> None:
    async with desk.clinic.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == MEENA).values(language="ta"))
        await session.execute(update(Account).where(Account.email == JOSEPH).values(language="hi"))
    async with browsing(desk.clinic) as meena, browsing(desk.clinic) as joseph:
        await desk.subscribes(meena, MEENA)
        await desk.subscribes(joseph, JOSEPH)
        await a_scan(desk.clinic, ScanStatus.DOCTOR_VERIFIED)
        [push] = await desk.service.gets(1)
        assert (push.text["lang"], push.text["body"]) == ("ta", "பணி மேசையில் ஒன்று காத்திருக்கிறது.")
        await a_scan(desk.clinic, ScanStatus.PHARMACIST_COMPLETED)
        [_, push] = await desk.service.gets(2)
        assert (push.text["lang"], push.text["body"]) == ("hi", "डेस्क पर कुछ इंतज़ार कर रहा है।")


@pytest.mark.slow
async def test_many_scans_are_one_notice_a_minute(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.subscribes(rao, RAO)
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await desk.service.gets(1)
        await eventually(desk.clinic.app.services.sessions, _was_sent)  # what comes before that is covered by it
        for _ in range(3):
            await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await eventually(desk.clinic.app.services.sessions, partial(_wait, 3))
        await desk.a_minute_passes()
        await desk.service.gets(2)
        assert await desk.gets_no_more(2), "one stands for all three"


async def _was_sent(session: AsyncSession) -> bool:
    sent = select(PushSubscription.session_id).where(PushSubscription.sent_at.is_not(None))
    return await session.scalar(sent) is not None


async def _wait(number: int, session: AsyncSession) -> bool:
    """Whether so many notices wait for the end of the minute after the last one."""
    sent_at = await session.scalar(select(PushSubscription.sent_at))
    if sent_at is None:
        return False
    jobs = select(Job.run_at).where(Job.kind == PUSH, Job.ended_at.is_(None))
    return [*await session.scalars(jobs)] == [sent_at + INTERVAL] * number


async def test_an_urgent_scan_says_so_and_the_one_who_asked_hears_nothing(desk: Desk) -> None:
    async with browsing(desk.clinic) as joseph:
        scan_id = await a_scan(desk.clinic, ScanStatus.PHARMACIST_COMPLETED)
        await desk.subscribes(joseph, JOSEPH)
        await desk.is_stat(scan_id, JOSEPH)
        assert await desk.gets_no_more(0)
        await desk.is_stat(scan_id, JOSEPH, on=False)
        await desk.is_stat(scan_id, RAO)
        [push] = await desk.service.gets(1)
        assert push.text["body"] == "Something urgent waits at the desk."
        assert (push.headers["Topic"], push.headers["Urgency"]) == ("urgent", "high")


@pytest.mark.slow
async def test_work_that_somebody_takes_meanwhile_brings_no_notice(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.subscribes(rao, RAO)
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await desk.service.gets(1)
        await eventually(desk.clinic.app.services.sessions, _was_sent)
        second = await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await eventually(desk.clinic.app.services.sessions, partial(_wait, 1))
        async with desk.clinic.app.services.sessions.begin() as session:
            other = await a_person(session, Role.DOCTOR)
            await claims.take(session, other, second, datetime.now(UTC))
        await desk.a_minute_passes()
        assert await desk.gets_no_more(1)


@pytest.mark.slow
async def test_a_scan_from_before_brings_none_and_a_role_that_is_not_acting_neither(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.is_also(RAO, Role.PHARMACIST)
        old = await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await settles(desk.clinic)
        await desk.subscribes(rao, RAO)
        async with desk.clinic.app.services.sessions.begin() as session:  # its card is drawn again
            await claims.take(session, await actor(session, RAO), old, datetime.now(UTC))
        assert await desk.gets_no_more(0)
        assert await _pushed(desk.clinic) == [], "no job for each drawing"
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await desk.service.gets(1)
        await rao.get("/desk/account")
        assert (await rao.post("/desk/role", {"role": "pharmacist"})).location == "/desk/account"
        assert await desk.subscriptions() == 0, "notices of the doctor's work end"
        await desk.asks(rao)
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        assert await desk.gets_no_more(1)
        await a_scan(desk.clinic, ScanStatus.DOCTOR_VERIFIED)
        assert await desk.gets_no_more(1), "signed by the same person as a doctor"


@pytest.mark.slow
async def test_a_test_is_sent_and_notices_stop(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao, browsing(desk.clinic) as meena:
        await rao.signs_in(desk.clinic, RAO)
        page = await rao.get("/desk/account")
        assert f'data-key="{desk.clinic.app.services.push.public_key}"' in page.text
        assert (await rao.post("/desk/notices/test")).status == 404, "not subscribed"
        await desk.asks(rao)
        await desk.subscribes(meena, MEENA)
        await rao.get("/desk/account")
        tested = await rao.post("/desk/notices/test")
        assert "A test is on its way" in (await rao.get(tested.location)).text
        [push] = await desk.service.gets(1)
        assert push.text["body"] == "A test: notices reach this computer."
        assert (await rao.post("/desk/notices/stop")).location == "/desk/account#notices"
        assert "Not available here" in (await rao.get("/desk/account")).text, "until the page's script says more"
        assert (await rao.post("/desk/notices/stop")).status == 303
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        assert await desk.gets_no_more(1)
        assert await desk.subscriptions() == 1, "the pharmacist's"
    async with desk.clinic.app.services.sessions() as session:
        rows = select(AuditRow.act).where(AuditRow.act.startswith("notices:"), AuditRow.source == "browser")
        assert (await session.scalars(rows.order_by(AuditRow.seq))).all() == ["notices:on"] * 2 + ["notices:off"]


@pytest.mark.slow
async def test_an_ended_subscription_goes_and_a_service_that_is_away_is_tried_again(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.subscribes(rao, RAO)
        desk.service.answers = [503, 429]
        scan_id = await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await waits(desk.clinic, PUSH)
        await desk.clinic.rao.sees(f"Scan #{scan_id}")
        await comes_due(desk.clinic)
        await waits(desk.clinic, PUSH, attempts=2)
        await comes_due(desk.clinic)
        assert [one.text for one in await desk.service.gets(1)] == [WAITS]
        await desk.a_minute_passes()
        desk.service.answers = [410]
        scan_id = await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        await desk.clinic.rao.sees(f"Scan #{scan_id}")
        assert await desk.gets_no_more(1)
        assert await desk.subscriptions() == 0


@pytest.mark.slow
async def test_a_notice_that_comes_an_hour_late_is_not_sent(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.subscribes(rao, RAO)
        desk.service.answers = [503]
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        failed = await waits(desk.clinic, PUSH)
        early = datetime.now(UTC) - timedelta(minutes=61)
        async with desk.clinic.app.services.sessions.begin() as session:
            await session.execute(update(PushSubscription).values(created_at=early - timedelta(minutes=1)))
            (await session.get_one(Job, failed.id)).payload = failed.payload | {"since": early.isoformat()}
        assert await desk.gets_no_more(0)


async def test_a_refused_notice_is_left_and_stops_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.subscribes(rao, RAO)
        desk.service.answers = [403]
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        assert await desk.gets_no_more(0)
        assert [one.status for one in caplog.records if one.message == "a push service refused a notice"] == ["403"]
        assert await desk.subscriptions() == 1


@pytest.mark.slow
async def test_notices_end_with_the_session_and_the_role(desk: Desk) -> None:
    sessions = desk.clinic.app.services.sessions
    async with browsing(desk.clinic) as rao, browsing(desk.clinic) as meena, browsing(desk.clinic) as joseph:
        await desk.subscribes(joseph, JOSEPH)
        await joseph.get("/desk/account")
        assert (await joseph.post("/desk/sign-out")).location == "/desk/sign-in"
        assert await desk.subscriptions() == 0
        await desk.subscribes(rao, RAO)
        await desk.clinic.rao.sends("/sessions")
        await desk.clinic.rao.presses("Firefox, Windows", on="Where you are signed in")
        await eventually(sessions, _no_subscription)
        await desk.subscribes(meena, MEENA)
        async with sessions.begin() as session:
            meenas = (await session.scalars(select(Account).where(Account.email == MEENA))).one()
            await roles.revoke(session, meenas, Role.PHARMACIST)
        assert await desk.subscriptions() == 0


async def test_notices_end_with_the_lock(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.subscribes(rao, RAO)
        async with desk.clinic.app.services.sessions.begin() as session:
            idle = datetime.now(UTC) - desk.clinic.app.services.idle_limit - timedelta(minutes=1)
            await session.execute(update(BrowserSession).values(seen_at=idle))
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        assert await desk.gets_no_more(0)
        assert await desk.subscriptions() == 0


async def _no_subscription(session: AsyncSession) -> bool:
    return await session.scalar(select(PushSubscription.session_id)) is None


@pytest.mark.slow
async def test_the_next_person_at_the_computer_gets_no_notices_of_the_one_before(desk: Desk) -> None:
    same = desk.service.subscription()
    async with browsing(desk.clinic) as rao, browsing(desk.clinic) as meena:
        await desk.subscribes(rao, RAO)
        await desk.asks(rao, **same)
        assert await desk.subscriptions() == 1, "one for each browser"
        await meena.signs_in(desk.clinic, MEENA)
        await desk.asks(meena, **same)
        assert await desk.subscriptions() == 1
        await a_scan(desk.clinic, ScanStatus.PENDING_AI)
        assert await desk.gets_no_more(0)


async def test_foreign_hosts_forged_forms_and_strangers_subscribe_nothing(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao, browsing(desk.clinic) as nobody:
        await rao.signs_in(desk.clinic, RAO)
        for wrong in (
            {"endpoint": "https://evil.example/push"},
            {"endpoint": "http://169.254.169.254/push"},
            {"endpoint": desk.service.base.replace("127.0.0.1", "localhost") + "/push/x"},
            {"endpoint": ""},
            {"p256dh": "AAAA"},
            {"auth": ""},
        ):
            refused = await desk.asks(rao, **wrong)
            assert (refused.status, "no push service" in refused.text) == (409, True), wrong
        for path in ("", "/test", "/stop"):
            address = f"/desk/notices{path}"
            assert (await rao.post(address, {"form_token": "0" * 64})).status == 403
            assert (await rao.post(address, Origin="https://evil.example")).status == 403
            assert (await rao.get(address)).status == 404
            assert (await nobody.post(address)).location == "/desk/sign-in"
        await rao.post("/desk/sign-out")
        assert (await rao.post("/desk/notices", desk.service.subscription())).location == "/desk/sign-in"
        assert (await nobody.types_password("amina@example.org")).status == 403, "the desk is the staff's"
    assert await desk.subscriptions() == 0
    assert desk.service.asked == 0


async def test_the_own_export_names_the_subscription_and_erasure_ends_it(desk: Desk) -> None:
    async with browsing(desk.clinic) as rao:
        await desk.is_also(RAO, Role.PATIENT)
        await desk.subscribes(rao, RAO)
        async with desk.clinic.app.services.sessions.begin() as session:
            own = (await actor(session, RAO))._replace(role=Role.PATIENT)
            data = (await export.gather(session, own, datetime.now(UTC))).data
            [notices] = data["notices"]
            assert notices["endpoint"].startswith(desk.service.base)
            await browsers.end_all(session, own.account_id, datetime.now(UTC))
        assert await desk.subscriptions() == 0


async def test_without_a_push_service_in_the_settings_there_is_nothing_to_switch_on(engines: Engines) -> None:
    async with open_clinic(engines, public_url=ORIGIN, push_services=[]) as clinic, browsing(clinic) as rao:
        await rao.signs_in(clinic, RAO)
        assert "Notify this computer" not in (await rao.get("/desk/account")).text
        fields = {"endpoint": "https://fcm.googleapis.com/x", "p256dh": "AAAA", "auth": "AAAA"}
        assert (await rao.post("/desk/notices", fields)).status == 409
