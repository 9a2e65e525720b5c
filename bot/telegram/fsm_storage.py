"""aiogram's form storage over our own database, and one update at a time for each chat."""

from asyncio import Lock
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import DEFAULT_DESTINY, BaseEventIsolation, BaseStorage, StateType, StorageKey

from models.base import Sessions, looking
from models.tables.chats import Form
from workflow.unit_of_work import CURRENT


class DatabaseStorage(BaseStorage):
    """Forms live in the transaction of the update that fills them, so that a restart loses no typed word."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        async with self._writing(key) as form:
            form.state = state.state if isinstance(state, State) else state

    async def get_state(self, key: StorageKey) -> str | None:
        form = await self._read(key)
        return form.state if form else None

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        async with self._writing(key) as form:
            form.data = dict(data)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        form = await self._read(key)
        return dict(form.data) if form else {}

    async def close(self) -> None:
        """The sessions belong to the application."""

    async def _read(self, key: StorageKey) -> Form | None:
        effects = CURRENT.get()
        if effects is not None and effects.open_session is not None:
            return await effects.open_session.get(Form, _name(key), with_for_update=True)
        async with looking(self._sessions) as session:
            return await session.get(Form, _name(key))

    @asynccontextmanager
    async def _writing(self, key: StorageKey) -> AsyncIterator[Form]:
        effects = CURRENT.get()
        async with effects.begin() if effects else self._sessions.begin() as session:
            form = await session.get(Form, _name(key), with_for_update=True) or Form(
                key=_name(key), state=None, data={}
            )
            yield form
            if form.state is not None or form.data:
                session.add(form)
            elif form in session:
                await session.delete(form)
            await session.flush()


def _name(key: StorageKey) -> str:
    """A form beside the open one (aiogram's destiny) has a name of its own."""
    beside = "" if key.destiny == DEFAULT_DESTINY else f":{key.destiny}"
    return f"{key.bot_id}:{key.chat_id}:{key.user_id}{beside}"


class OneByOne(BaseEventIsolation):
    """Two quick taps in a chat wait for each other. A lock is gone when nobody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[StorageKey, Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None]:
        lock = self._locks.setdefault(key, Lock())
        async with lock:
            yield

    async def close(self) -> None:
        self._locks.clear()
