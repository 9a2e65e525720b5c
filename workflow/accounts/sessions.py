"""The chats in which a person is signed in: seen, ended, asleep when long unused."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.chats import Card
from models.tables.people import Link
from workflow.accounts.registration import unlink
from workflow.actors import Actor
from workflow.audit.chain import Entry, note
from workflow.errors import NotFound
from workflow.scans.cards import show

GLANCE: Final = timedelta(minutes=5)  # how exactly it is known when a chat was used last: not every update writes


async def of(session: AsyncSession, actor: Actor) -> Sequence[Link]:
    """Newest first."""
    mine = select(Link).where(Link.account_id == actor.account_id)
    return (await session.scalars(mine.order_by(Link.created_at.desc(), Link.chat_id))).all()


async def end(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> None:
    """Sign a chat out. Somebody else's looks like none."""
    link = await session.get(Link, chat_id)
    if link is None or link.account_id != actor.account_id:
        raise NotFound
    await unlink(session, chat_id, at)


async def end_others(session: AsyncSession, actor: Actor, keep: int, at: datetime) -> int:
    """Sign out every chat of this person but one; how many there were."""
    others = [link.chat_id for link in await of(session, actor) if link.chat_id != keep]
    for chat_id in others:
        await unlink(session, chat_id, at)
    return len(others)


async def touch(session: AsyncSession, chat_id: int, at: datetime) -> None:
    await session.execute(update(Link).where(Link.chat_id == chat_id, Link.seen_at < at - GLANCE).values(seen_at=at))


async def wake(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> None:
    """The person has proved again who he is: the chat shows health data again, and its cards what they missed."""
    await session.execute(update(Link).where(Link.chat_id == chat_id).values(seen_at=at))
    for scan_id in await session.scalars(select(Card.scan_id).where(Card.chat_id == chat_id)):
        show(session, scan_id, chat_id, at)
    await note(session, actor, Entry("unlock", "account", actor.account_id), at)
