"""The patient's agreement, given once for each version of what it says, in the language that they read."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.people import Consent
from workflow.actors import Actor
from workflow.audit.chain import Entry, note

VERSION: Final = "2026-11"  # of the sentence `consent.ask`: another meaning needs another version, and is asked anew


async def has_agreed(session: AsyncSession, actor: Actor) -> bool:
    given = select(Consent.id).where(Consent.account_id == actor.account_id, Consent.version == VERSION)
    return await session.scalar(given) is not None


async def agree(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Safe to repeat."""
    if actor.account_id is None or await has_agreed(session, actor):
        return
    session.add(Consent(account_id=actor.account_id, version=VERSION, language=actor.language, given_at=at))
    await session.flush()
    await note(session, actor, Entry("consent", "account", actor.account_id, actor.account_id, reason=VERSION), at)


async def decline(session: AsyncSession, actor: Actor, at: datetime) -> None:
    entry = Entry("decline_consent", "account", actor.account_id, actor.account_id, reason=VERSION)
    await note(session, actor, entry, at)
