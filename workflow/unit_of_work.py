"""Transactions of one Telegram update, which take effect once even if Telegram redelivers the update."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Sessions, read_only
from models.tables.chats import HandledUpdate
from workflow.audit.chain import AUDIT_CONTEXT, Source
from workflow.errors import AlreadyHandled
from workflow.permissions import Operation

UPDATE_RETENTION: Final = timedelta(days=2)  # Telegram keeps updates for 24 hours


class UnitOfWork:
    """Opens the transactions of one update. The first one that writes also records the update's id."""

    def __init__(self, sessions: Sessions, update_id: int, at: datetime) -> None:
        self.sessions, self.update_id, self.at = sessions, update_id, at
        self.operation: Operation | None = None  # the handler's operation, for `other_role_for`
        self._recorded = False
        self.open_session: AsyncSession | None = None  # the current transaction, for the FSM storage

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A transaction; nested calls join the outer one. Raises AlreadyHandled for a redelivered update."""
        if self.open_session is not None:
            yield self.open_session
            return
        async with self.independent() as session:
            if not self._recorded:
                await self._record(session)
            self.open_session = session
            try:
                yield session
            finally:
                self.open_session = None
        self._recorded = True

    def mark_idempotent(self) -> None:
        """Mark the rest as idempotent: the update is not recorded, so a redelivery runs it again."""
        self._recorded = True

    @asynccontextmanager
    async def independent(self) -> AsyncIterator[AsyncSession]:
        """A transaction that commits whatever happens to the others; a redelivered update runs it again."""
        async with self.sessions.begin() as session:
            session.info[AUDIT_CONTEXT] = session.info[AUDIT_CONTEXT]._replace(source=Source.CHAT)
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A read-only session."""
        async with read_only(self.sessions) as session:
            yield session

    async def _record(self, session: AsyncSession) -> None:
        insert = sqlite.insert if session.bind.dialect.name == "sqlite" else postgresql.insert
        statement = insert(HandledUpdate).values(update_id=self.update_id, at=self.at).on_conflict_do_nothing()
        written = await session.execute(statement.returning(HandledUpdate.update_id))
        if written.scalar_one_or_none() is None:
            raise AlreadyHandled


CURRENT: Final[ContextVar[UnitOfWork | None]] = ContextVar("unit_of_work", default=None)  # for the FSM storage only


async def delete_old_updates(session: AsyncSession, at: datetime) -> None:
    """Delete recorded update ids that Telegram can no longer redeliver."""
    await session.execute(delete(HandledUpdate).where(HandledUpdate.at < at - UPDATE_RETENTION))
