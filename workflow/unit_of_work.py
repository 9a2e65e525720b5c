"""An update has its effect once, however often Telegram sends it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Sessions, looking
from models.tables.chats import HandledUpdate
from workflow.audit.chain import TRAIL, Source
from workflow.errors import AlreadyHandled
from workflow.permissions import Deed

REMEMBERED: Final = timedelta(days=2)  # Telegram keeps an update for one


class Effects:
    """Begins the transactions of one update. The first that writes records the update's id with its effect."""

    def __init__(self, sessions: Sessions, update_id: int, at: datetime) -> None:
        self.sessions, self.update_id, self.at = sessions, update_id, at
        self.deed: Deed | None = None  # what the handler does that this update came to
        self._recorded = False
        self.open_session: AsyncSession | None = None  # the transaction that is under way, for the storage of forms

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """One transaction; inside another it is that one. Raises AlreadyHandled for a repeated update."""
        if self.open_session is not None:
            yield self.open_session
            return
        async with self.apart() as session:
            if not self._recorded:
                await self._record(session)
            self.open_session = session
            try:
                yield session
            finally:
                self.open_session = None
        self._recorded = True

    def may_repeat(self) -> None:
        """What follows is safe to do again, and is when the update comes again: it is not recorded."""
        self._recorded = True

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[AsyncSession]:
        """A transaction for what must stand whatever becomes of the rest; a repeated update does it again."""
        async with self.sessions.begin() as session:
            session.info[TRAIL] = session.info[TRAIL]._replace(source=Source.CHAT, request_id=str(self.update_id))
            yield session

    @asynccontextmanager
    async def look(self) -> AsyncIterator[AsyncSession]:
        """A session for reading only."""
        async with looking(self.sessions) as session:
            yield session

    async def _record(self, session: AsyncSession) -> None:
        insert = sqlite.insert if session.bind.dialect.name == "sqlite" else postgresql.insert
        note = insert(HandledUpdate).values(update_id=self.update_id, at=self.at).on_conflict_do_nothing()
        written = await session.execute(note.returning(HandledUpdate.update_id))
        if written.scalar_one_or_none() is None:
            raise AlreadyHandled


CURRENT: Final[ContextVar[Effects | None]] = ContextVar("effects", default=None)  # for the storage of forms alone


async def forget_old_updates(session: AsyncSession, at: datetime) -> None:
    await session.execute(delete(HandledUpdate).where(HandledUpdate.at < at - REMEMBERED))
