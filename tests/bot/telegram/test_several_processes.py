"""Agreement of processes on one PostgreSQL database: whose turn a chat is, Telegram's rates, and news of jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from aiogram.fsm.storage.base import StorageKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.services import NEW_JOBS, open_sessions
from bot.telegram.fsm_storage import AcrossProcesses
from bot.telegram.shared_rates import Rate, SharedRates
from models.side_connection import Listener, SideConnection
from tests.support.databases import MASTERS
from workflow.jobs import JobKind, enqueue

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["postgresql"], indirect=True)]
AMINA, RAVI = (StorageKey(bot_id=42, chat_id=number, user_id=number) for number in (7001, 7002))
OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
HOUR = timedelta(hours=1)


@pytest.fixture
async def connections(engine: AsyncEngine) -> AsyncIterator[list[SideConnection]]:
    """One connection for each of two processes."""
    async with AsyncExitStack() as stack:
        opened = [SideConnection(engine) for _ in range(2)]
        for one in opened:
            stack.push_async_callback(one.close)
        yield opened


async def cut(engine: AsyncEngine) -> None:
    """End every other connection, as a restart of the server does."""
    async with engine.connect() as connection:
        await connection.execute(OTHERS)


class Turns:
    """Updates that are handled until the test ends them, and the order in which they began."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.news = asyncio.Condition()
        self.end = {name: asyncio.Event() for name in ("first", "second", "other")}

    async def handle(self, name: str, isolation: AcrossProcesses, key: StorageKey) -> None:
        async with isolation.lock(key):
            async with self.news:
                self.began.append(name)
                self.news.notify_all()
            await self.end[name].wait()

    async def wait(self, *names: str) -> None:
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: self.began == [*names])


async def test_a_chat_has_one_update_at_a_time_over_all_processes(connections: list[SideConnection]) -> None:
    """Another chat waits for nobody."""
    here, there = (AcrossProcesses(one) for one in connections)
    turns = Turns()
    async with asyncio.TaskGroup() as group:
        group.create_task(turns.handle("first", here, AMINA))
        await turns.wait("first")
        group.create_task(turns.handle("second", there, AMINA))
        group.create_task(turns.handle("other", there, RAVI))
        await turns.wait("first", "other")
        turns.end["first"].set()
        await turns.wait("first", "other", "second")
        for event in turns.end.values():
            event.set()
    assert turns.began == ["first", "other", "second"]


async def test_a_process_that_is_gone_holds_no_chat(engine: AsyncEngine, connections: list[SideConnection]) -> None:
    """Its connection ends with it; the process that lost only its connection ends its update all the same."""
    here, there = (AcrossProcesses(one) for one in connections)
    turns = Turns()
    async with asyncio.TaskGroup() as group:
        group.create_task(turns.handle("first", here, AMINA))
        await turns.wait("first")
        await cut(engine)
        group.create_task(turns.handle("second", there, AMINA))
        await turns.wait("first", "second")
        for event in turns.end.values():
            event.set()
    await turns.handle("other", here, AMINA)
    assert turns.began == ["first", "second", "other"]


async def test_a_handled_update_stays_handled_where_the_connection_is_lost_and_no_other_is_free(
    engine: AsyncEngine,
) -> None:
    """The server has freed the chat; the pool is busy when the process wants to."""
    small = create_async_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    side = SideConnection(small)
    async with AcrossProcesses(side).lock(AMINA):
        await cut(engine)
        with pytest.raises(DBAPIError):
            await side.ask(text("SELECT 1"), {})
        busy = await small.connect()
    await busy.close()
    await side.close()
    await small.dispose()


async def test_the_rates_of_telegram_count_the_messages_of_all_processes(connections: list[SideConnection]) -> None:
    """Five at once over all chats and two to one chat; what is beyond waits its turn."""
    here, there = (SharedRates(one, Rate(5, HOUR), Rate(2, HOUR)) for one in connections)
    async with asyncio.timeout(10):
        for rates, chat in ((here, 1), (there, 1), (here, 2), (there, 3)):
            await rates.take(chat)
    assert here.wait(1) == 0
    for rates, chat in ((here, 1), (there, 4)):  # a third message to one chat; a sixth one to all
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await rates.take(chat)
    assert there.wait(1) > HOUR.total_seconds() / 2


async def test_messages_go_out_while_the_rates_cannot_be_shared(
    engine: AsyncEngine, connections: list[SideConnection], caplog: pytest.LogCaptureFixture
) -> None:
    rates = SharedRates(connections[0], Rate(1, HOUR), Rate(1, HOUR))
    await rates.take(1)
    await cut(engine)
    async with asyncio.timeout(10):
        await rates.take(1)
    assert "rates are not shared" in caplog.text


async def test_a_commit_with_jobs_is_heard_by_other_processes(engine: AsyncEngine) -> None:
    """Not one without jobs, nor one that was rolled back; after a cut the listener looks once, and hears again."""
    news, heard = asyncio.Event(), list[str]()
    listener = Listener(engine, NEW_JOBS, lambda: (heard.append("news"), news.set())[1])
    sessions = open_sessions(engine, b"k" * 32, MASTERS, asyncio.Event())

    async def hear() -> None:
        async with asyncio.timeout(10):
            await news.wait()
        news.clear()

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listener.keep())
        await hear()
        assert listener.is_listening
        async with sessions() as session:
            enqueue(session, JobKind.SHOW_MENU, datetime.now(UTC), chat_id=1)
            await session.flush()
            await session.rollback()
        async with sessions.begin() as session:
            await session.execute(text("SELECT 1"))
        async with sessions.begin() as session:
            enqueue(session, JobKind.SHOW_MENU, datetime.now(UTC), chat_id=1)
        await hear()
        assert heard == ["news"] * 2
        await cut(engine)
        await hear()
        assert listener.is_listening
        listening.cancel()


async def test_a_database_that_does_not_answer_delays_a_message_for_a_moment_only(
    engine: AsyncEngine, connections: list[SideConnection], caplog: pytest.LogCaptureFixture
) -> None:
    """A lock on the table stands for a server that is hung; the next message shares the rates again."""
    rates = SharedRates(connections[0], Rate(9, HOUR), Rate(9, HOUR))
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE send_slots"))
        async with asyncio.timeout(30):
            await rates.take(1)
    assert caplog.text.count("rates are not shared") == 1
    await rates.take(1)
    assert caplog.text.count("rates are not shared") == 1
