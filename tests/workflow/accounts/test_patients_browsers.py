"""Sessions of patients' pages, on both databases: from the chat, apart from the desk, and as long as they may last."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import event, select, update

from models.base import Sessions
from models.tables.accounts import Account, BrowserSession
from models.tables.chats import PushSubscription
from models.tables.jobs import Job
from models.vocabulary import Role
from tests.support.rows import a_person
from workflow.accounts import roles
from workflow.accounts.browsers import notices, opening
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.sessions import create_link, end_others, sign_out
from workflow.actors import Actor
from workflow.errors import NotAllowed, NotFound, SessionLocked
from workflow.jobs import JobKind

NOW: Final = datetime(2026, 11, 30, 9, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
TARGET: Final = {"endpoint": "https://push.example/x", "p256dh": "A", "auth": "B"}


async def a_patient_in_a_chat(sessions: Sessions, chat_id: int = 7) -> Actor:
    async with sessions.begin() as session:
        patient = await a_person(session, Role.PATIENT)
        await create_link(session, chat_id, await session.get_one(Account, patient.account_id), NOW)
        return patient


async def opened(sessions: Sessions, patient: Actor, number: int, chat_id: int = 7, *, app: bool = True) -> None:
    async with sessions.begin() as session:
        if app:
            await browsers.open_mini_app(session, patient, number, chat_id, NOW)
        else:
            account = await session.get_one(Account, patient.account_id)
            origin = browsers.Origin("Firefox, Windows", chat_id, Role.PATIENT)
            await browsers.open_session(session, account, number, NOW, origin)
        assert await browsers.first_token(session, number, NOW) is not None


async def is_open(sessions: Sessions, number: int, at: datetime) -> bool:
    async with sessions() as session:
        row = await browsers.find(session, number)
        try:
            return row is not None and browsers.actor_in(row, at, at - HOUR).role is Role.PATIENT
        except browsers.SessionEnded:
            return False


async def test_a_page_lasts_an_hour_in_telegram_and_twelve_in_a_browser_and_ends_with_its_chat(
    sessions: Sessions,
) -> None:
    patient = await a_patient_in_a_chat(sessions)
    first, second, browser = (browsers.new_number() for _ in range(3))
    await opened(sessions, patient, first)
    await opened(sessions, patient, second)
    await opened(sessions, patient, browser, app=False)
    assert not await is_open(sessions, first, NOW), "one page in Telegram for each chat"
    assert [await is_open(sessions, one, NOW + HOUR / 2) for one in (second, browser)] == [True, True]
    assert [await is_open(sessions, one, NOW + HOUR) for one in (second, browser)] == [False, True]
    assert not await is_open(sessions, browser, NOW + 12 * HOUR)
    async with sessions.begin() as session:
        assert await end_others(session, patient, 7, NOW) == 2
    await opened(sessions, patient, first)
    async with sessions.begin() as session:
        await sign_out(session, 7, NOW)
        assert (await session.scalars(select(BrowserSession))).all() == []


async def test_neither_kind_of_session_becomes_the_other(sessions: Sessions) -> None:
    patient, number = await a_patient_in_a_chat(sessions), browsers.new_number()
    async with sessions.begin() as session:
        doctor = await a_person(session, Role.DOCTOR)
        account = await session.get_one(Account, doctor.account_id)
        for actor in (doctor, patient._replace(role=Role.DOCTOR)):
            with pytest.raises(NotAllowed):
                await browsers.open_mini_app(session, actor, number, 7, NOW)
        with pytest.raises(NotAllowed):
            await browsers.open_session(session, account, number, NOW, browsers.Origin("x", 7, Role.PATIENT))
        with pytest.raises(SessionLocked):
            await browsers.open_mini_app(session, patient._replace(locked=True), number, 7, NOW)
        own = await session.get_one(Account, patient.account_id)
        with pytest.raises(NotAllowed):
            await browsers.open_session(session, own, number, NOW, browsers.Origin("x", 7))
    await opened(sessions, patient, number)
    async with sessions.begin() as session:
        roles.grant(await session.get_one(Account, patient.account_id), Role.DOCTOR, "X-1", NOW, None)
    assert await is_open(sessions, number, NOW)
    async with sessions.begin() as session:
        row = await browsers.find(session, number)
        assert row is not None
        actor = browsers.actor_in(row, NOW, NOW - HOUR)
        with pytest.raises(NotFound):
            await browsers.switch_role(session, actor, number, Role.DOCTOR, NOW)
        (await session.get_one(Account, patient.account_id)).additional_roles = []
    assert not await is_open(sessions, number, NOW), "a doctor signs in with a second factor"


async def test_notices_keep_a_session_that_opens_no_page_for_a_month(sessions: Sessions) -> None:
    patient, number = await a_patient_in_a_chat(sessions), browsers.new_number()
    await opened(sessions, patient, number, app=False)
    async with sessions.begin() as session:
        await notices.subscribe(session, patient, number, TARGET, NOW)
    for days, left in ((1, 1), (29, 1), (31, 0)):
        at = NOW + timedelta(days=days)
        assert not await is_open(sessions, number, at)
        async with sessions.begin() as session:
            await browsers.delete_old(session, at)
            assert len((await session.scalars(select(PushSubscription))).all()) == left
            await notices.enqueue_for_patient(session, patient.account_id or 0, at, at)
            if left:
                due = await notices.due_for_patient(session, number, at, at + HOUR)
                assert due is not None
                assert (due.is_patients, due.urgent, due.wait_until <= at + HOUR) == (True, False, True)
                assert await notices.due_for_patient(session, number, at - timedelta(days=2), at) is None, "too late"
                await session.execute(update(PushSubscription).values(sent_at=at))
    async with sessions() as session:
        jobs = (await session.scalars(select(Job).where(Job.kind == JobKind.PUSH_PATIENT))).all()
        assert [one.payload["number"] for one in jobs] == [number] * 2


async def test_notices_lengthen_no_page_in_telegram(sessions: Sessions) -> None:
    patient, number = await a_patient_in_a_chat(sessions), browsers.new_number()
    await opened(sessions, patient, number)
    async with sessions.begin() as session:
        await notices.subscribe(session, patient, number, TARGET, NOW)
    assert [await is_open(sessions, number, NOW + span) for span in (HOUR / 2, HOUR)] == [True, False]
    async with sessions.begin() as session:
        await notices.stop(session, patient, number, NOW)
    assert [await is_open(sessions, number, NOW + span) for span in (HOUR / 2, HOUR)] == [True, False]


async def test_a_link_pressed_twice_in_one_browser_asks_the_chat_once(sessions: Sessions) -> None:
    patient = await a_patient_in_a_chat(sessions)
    here, elsewhere = browsers.new_number(), browsers.new_number()
    async with sessions.begin() as session:
        token = await opening.open_link(session, patient, 7, NOW)
        await opening.ask(session, token, here, "Firefox, Windows", NOW)
        await opening.ask(session, token, here, "Firefox, Windows", NOW)
        with pytest.raises(opening.ComputerLinkInvalid):
            await opening.ask(session, token, elsewhere, "Firefox, Windows", NOW)
    async with sessions() as session:
        asked = (await session.scalars(select(Job).where(Job.kind == JobKind.NOTIFY_BROWSER))).all()
    assert len(asked) == 1


@pytest.fixture
def opened_subscriptions() -> Iterator[list[int]]:
    """The sessions whose subscriptions are read whole, which decrypts them."""
    found = list[int]()

    def note(row: PushSubscription, _: object) -> None:
        found.append(row.session_id)

    event.listen(PushSubscription, "load", note)
    yield found
    event.remove(PushSubscription, "load", note)


async def test_the_same_browser_is_found_without_opening_the_addresses_of_all_others(
    sessions: Sessions, opened_subscriptions: list[int]
) -> None:
    """There may be thousands; the next person at a browser ends the notices of the one before."""
    endpoints = ["https://push.example/1", "https://push.example/2", "https://push.example/2"]
    numbers = [browsers.new_number() for _ in endpoints]
    for chat_id, (number, endpoint) in enumerate(zip(numbers, endpoints, strict=True), 7):
        patient = await a_patient_in_a_chat(sessions, chat_id)
        await opened(sessions, patient, number, chat_id, app=False)
        async with sessions.begin() as session:
            await notices.subscribe(session, patient, number, TARGET | {"endpoint": endpoint}, NOW)
    assert opened_subscriptions == []
    async with sessions() as session:
        left = (await session.scalars(select(PushSubscription.session_id))).all()
    assert set(left) == {numbers[0], numbers[2]}
