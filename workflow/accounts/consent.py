"""The patient's consent, given once per version of its text."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Consent
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record

VERSION: Final = "2026-11"  # of the sentence `consent.ask`; after a change of meaning patients are asked again


async def has_agreed(session: AsyncSession, actor: Actor) -> bool:
    """Whether the actor has agreed to the current version."""
    given = select(Consent.id).where(Consent.account_id == actor.account_id, Consent.version == VERSION)
    return await session.scalar(given) is not None


async def agree(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Record the consent. Idempotent."""
    if actor.account_id is None or await has_agreed(session, actor):
        return
    session.add(Consent(account_id=actor.account_id, version=VERSION, language=actor.language, given_at=at))
    await session.flush()
    await record(
        session, actor, AuditEvent("consent", "account", actor.account_id, actor.account_id, reason=VERSION), at
    )


async def decline(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Record the refusal in the audit trail."""
    entry = AuditEvent("decline_consent", "account", actor.account_id, actor.account_id, reason=VERSION)
    await record(session, actor, entry, at)
