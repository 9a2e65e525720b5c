"""aiogram's FSM storage in the database, and the isolations that handle one update per chat at a time."""

import asyncio
from asyncio import Lock
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from weakref import WeakValueDictionary
from zlib import crc32

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import DEFAULT_DESTINY, BaseEventIsolation, BaseStorage, StateType, StorageKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.base import Sessions, read_only
from models.side_connection import SideConnection
from models.tables.chats import Form
from workflow.unit_of_work import CURRENT

LOCK_SPACE: Final = 0xC4A7  # first number of the advisory locks of chats
FIRST_RETRY, LAST_RETRY = 0.05, 0.4  # seconds between tries at a chat that another process has, doubled each time
TAKE: Final = text("SELECT pg_try_advisory_lock(:space, :chat)")
FREE: Final = text("SELECT pg_advisory_unlock(:space, :chat)")


class DatabaseStorage(BaseStorage):
    """Writes a form in the transaction of the update that fills it, so that a restart loses no input."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        async with self._edit(key) as form:
            form.state = state.state if isinstance(state, State) else state

    async def get_state(self, key: StorageKey) -> str | None:
        form = await self._read(key)
        return form.state if form else None

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        async with self._edit(key) as form:
            form.data = dict(data)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        form = await self._read(key)
        return dict(form.data) if form else {}

    async def close(self) -> None:
        """Does nothing: the application closes the sessions."""

    async def _read(self, key: StorageKey) -> Form | None:
        uow = CURRENT.get()
        if uow is not None and uow.open_session is not None:
            return await uow.open_session.get(Form, _form_key(key), with_for_update=True)
        async with read_only(self._sessions) as session:
            return await session.get(Form, _form_key(key))

    @asynccontextmanager
    async def _edit(self, key: StorageKey) -> AsyncIterator[Form]:
        uow = CURRENT.get()
        async with uow.begin() if uow else self._sessions.begin() as session:
            form = await session.get(Form, _form_key(key), with_for_update=True) or Form(
                key=_form_key(key), state=None, data={}
            )
            yield form
            if form.state is not None or form.data:
                session.add(form)
            elif form in session:
                await session.delete(form)
            await session.flush()


def _form_key(key: StorageKey) -> str:
    """The primary key of a form; aiogram's destiny tells apart several forms of one chat."""
    suffix = "" if key.destiny == DEFAULT_DESTINY else f":{key.destiny}"
    return f"{key.bot_id}:{key.chat_id}:{key.user_id}{suffix}"


class PerChatIsolation(BaseEventIsolation):
    """Handles the updates of one chat one after the other. Unused locks are garbage-collected."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[StorageKey, Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None]:
        lock = self._locks.setdefault(key, Lock())
        async with lock:
            yield

    async def close(self) -> None:
        self._locks.clear()


class AcrossProcesses(PerChatIsolation):
    """The same over all processes that share a PostgreSQL database, as behind a webhook: by advisory locks.

    The server frees those of a process that ends. Chats whose numbers have one checksum wait for each other, too."""

    def __init__(self, connection: SideConnection) -> None:
        super().__init__()
        self._connection = connection

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None]:
        values = {"space": LOCK_SPACE, "chat": crc32(str(key.chat_id).encode()) - 2**31}
        async with super().lock(key):
            pause = FIRST_RETRY
            while not (await self._connection.ask(TAKE, values))[0][0]:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LAST_RETRY)
            try:
                yield
            finally:
                with suppress(DBAPIError, PoolTimeout):  # the lock went with the connection
                    await self._connection.ask(FREE, values)
