"""The patient's consent, given once per version of its text, until it is taken back."""

from datetime import datetime
from typing import Final

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Consent
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import StaleAction, WorkflowError
from workflow.permissions import Permission, authorize

VERSION: Final = "2026-11"  # of the sentence `consent.ask`; after a change of meaning patients are asked again
NOTICE_VERSION: Final = "2026-11"  # of the sentence `register.notice`, shown before the first question


class ConsentMissing(WorkflowError):
    """The patient has not agreed, or has taken the consent back."""

    key = "error.no_consent"


async def has_agreed(session: AsyncSession, actor: Actor) -> bool:
    """Whether the consent to the current version is given and not taken back."""
    given = select(Consent.id).where(Consent.account_id == actor.account_id, Consent.version == VERSION)
    return await session.scalar(given.where(Consent.withdrawn_at.is_(None))) is not None


async def agree(session: AsyncSession, actor: Actor, at: datetime, *, paper: bool = False) -> None:
    """Record the consent, of the patient or given in their place. Idempotent. `paper`: signed on paper."""
    if actor.account_id is None or await has_agreed(session, actor):
        return
    given = {"given_at": at, "given_by": actor.proxy and actor.proxy.account_id, "paper": paper}
    session.add(Consent(account_id=actor.account_id, version=VERSION, language=actor.language, **given))
    await session.flush()
    await record(
        session, actor, AuditEvent("consent", "account", actor.account_id, actor.account_id, reason=VERSION), at
    )


async def decline(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Record the refusal in the audit trail."""
    entry = AuditEvent("decline_consent", "account", actor.account_id, actor.account_id, reason=VERSION)
    await record(session, actor, entry, at)


async def withdraw(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Take the consent back, as the patient or in their place: no picture is taken in until it is given again.

    Scans that are taken in already go on to their report. Raises StaleAction where none is in force."""
    authorize(actor, Permission.WITHDRAW_CONSENT)
    in_force = update(Consent).where(Consent.account_id == actor.account_id, Consent.withdrawn_at.is_(None))
    done = await session.execute(in_force.values(withdrawn_at=at))
    assert isinstance(done, CursorResult)
    if not done.rowcount:
        raise StaleAction
    await record(session, actor, AuditEvent("withdraw_consent", "account", actor.account_id, actor.account_id), at)
