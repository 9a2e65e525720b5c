"""Every change of what opens an account is told to its owner, by mail and in every other chat."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import ChatLink
from models.tables.codes import Change, CredentialChange
from workflow.jobs import JobKind, enqueue

KEPT: Final = timedelta(days=30)


async def note(
    session: AsyncSession,
    account_id: int | None,
    change: Change,
    at: datetime,
    *here: int,
    ended: Sequence[int] = (),
    former_email: str | None = None,
) -> None:
    """Store a change and enqueue its notices to the account's chats except `here`, and to those that it `ended`.

    `former_email`: the address before a change of it."""
    assert account_id is not None
    linked = await session.scalars(select(ChatLink.chat_id).where(ChatLink.account_id == account_id))
    told = sorted({*linked, *ended} - set(here))
    stored = CredentialChange(account_id=account_id, change=change, chats=told, former_email=former_email, at=at)
    session.add(stored)
    await session.flush()
    enqueue(session, JobKind.NOTIFY_CREDENTIAL, at, change_id=stored.id)


async def delete_old(session: AsyncSession, at: datetime) -> None:
    """Delete changes that can no longer be denied."""
    await session.execute(delete(CredentialChange).where(CredentialChange.at < at - KEPT))
