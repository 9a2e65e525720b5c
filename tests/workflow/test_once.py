"""Things that happen once: an update's effect, a delivery."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from bot.channels.delivering import Deliveries
from bot.observability.traces import NoTraces
from models.base import Sessions, read_only
from models.tables.chats import HandledUpdate
from models.tables.deliveries import DeliveryState
from models.tables.jobs import Job
from tests.support.rows import NOW
from workflow.errors import AlreadyHandled
from workflow.jobs import JobKind, enqueue
from workflow.reporting.deliveries import PriorAttempt, begin_delivery, end_delivery
from workflow.scans import queries
from workflow.unit_of_work import UPDATE_RETENTION, UnitOfWork, delete_old_updates


async def handle(sessions: Sessions, update_id: int = 7) -> str:
    try:
        async with UnitOfWork(sessions, update_id, NOW).begin() as session:
            enqueue(session, JobKind.SHOW_MENU, NOW, chat_id=1)
    except AlreadyHandled:
        return "repeated"
    return "done"


async def pending(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(Job)) or 0


async def test_an_update_has_its_effect_once(sessions: Sessions) -> None:
    assert [await handle(sessions) for _ in range(3)] == ["done", "repeated", "repeated"]
    assert await pending(sessions) == 1
    async with sessions() as session:
        assert await queries.was_handled(session, 7)
        assert not await queries.was_handled(session, 8)


async def test_the_same_update_twice_at_the_same_moment_has_one_effect(sessions: Sessions) -> None:
    assert sorted(await asyncio.gather(*(handle(sessions) for _ in range(4)))) == ["done", *["repeated"] * 3]
    assert await pending(sessions) == 1


async def test_an_effect_that_failed_leaves_the_update_unhandled(sessions: Sessions) -> None:
    """Telegram redelivers it, and then it succeeds."""

    async def fails() -> None:
        async with UnitOfWork(sessions, 7, NOW).begin() as session:
            enqueue(session, JobKind.SHOW_MENU, NOW, chat_id=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await pending(sessions) == 0
    assert await handle(sessions) == "done"


async def test_a_transaction_inside_another_is_that_one(sessions: Sessions) -> None:
    uow = UnitOfWork(sessions, 7, NOW)
    async with uow.begin() as outer, uow.begin() as inner:
        assert inner is outer
    async with uow.begin() as later:
        assert later is not outer
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(HandledUpdate)) == 1


async def test_a_look_records_nothing(sessions: Sessions) -> None:
    async with UnitOfWork(sessions, 7, NOW).read() as session:
        assert await queries.was_handled(session, 7) is False
    assert await handle(sessions) == "done"


async def test_updates_are_forgotten_when_telegram_cannot_repeat_them_any_more(sessions: Sessions) -> None:
    await handle(sessions)
    async with sessions.begin() as session:
        await delete_old_updates(session, NOW + UPDATE_RETENTION)
        assert await queries.was_handled(session, 7)
        await delete_old_updates(session, NOW + UPDATE_RETENTION + timedelta(seconds=1))
    async with sessions() as session:
        assert not await queries.was_handled(session, 7)


async def test_what_is_known_of_a_delivery(sessions: Sessions) -> None:
    """New, then unknown after a crash in the middle, then over, whether it arrived or failed for good."""
    states = []
    for _ in range(2):
        async with sessions.begin() as session:
            states.append(await begin_delivery(session, "report:1:mail", NOW))
    async with sessions.begin() as session:
        await end_delivery(session, "report:1:mail", NOW, "<id@example.org>")
        states.append(await begin_delivery(session, "report:1:mail", NOW))
        states.append(await begin_delivery(session, "report:2:mail", NOW))
        await session.flush()
        await end_delivery(session, "report:2:mail", NOW, None, DeliveryState.FAILED)
        states.append(await begin_delivery(session, "report:2:mail", NOW))
    assert states == [
        PriorAttempt.NONE,
        PriorAttempt.UNKNOWN,
        PriorAttempt.FINISHED,
        PriorAttempt.NONE,
        PriorAttempt.FINISHED,
    ]


async def test_who_only_looks_waits_for_no_writer(sessions: Sessions) -> None:
    """A long transaction of the worker must not block a chat; uncommitted rows are not seen."""
    async with sessions.begin() as writing:
        enqueue(writing, JobKind.SHOW_MENU, NOW, chat_id=1)
        await writing.flush()
        async with asyncio.timeout(5), read_only(sessions) as reading:
            assert await reading.scalar(select(func.count()).select_from(Job)) == 0
    assert await pending(sessions) == 1


async def test_what_was_sent_is_recorded_once_the_database_takes_it_and_not_sent_again(sessions: Sessions) -> None:
    """A table without its column refuses the record, as a full disk would, until it is mended."""
    sent, arrived = [], asyncio.Event()

    async def send() -> str:
        sent.append("message")
        arrived.set()
        await _rename(sessions, "receipt", "away")
        return "17"

    async def mend() -> None:
        await arrived.wait()
        await asyncio.sleep(0.3)
        await _rename(sessions, "away", "receipt")

    deliveries = Deliveries(sessions, lambda: NOW, NoTraces())
    async with asyncio.TaskGroup() as group:
        delivering = group.create_task(deliveries.deliver("report:1:chat:7", send))
        group.create_task(mend())
    assert delivering.result()
    assert not await deliveries.deliver("report:1:chat:7", send)
    assert sent == ["message"]


async def _rename(sessions: Sessions, column: str, to: str) -> None:
    async with sessions.begin() as session:
        await session.execute(text(f"ALTER TABLE deliveries RENAME COLUMN {column} TO {to}"))
