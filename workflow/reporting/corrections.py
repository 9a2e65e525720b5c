"""Corrections of a signed reading before the release."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.codes import Purpose
from models.tables.scans import Scan
from workflow.accounts.codes import void_open
from workflow.actors import Actor
from workflow.scans import drafts
from workflow.transitions import Action, advance


async def correct(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """Open the signed reading for a correction: the signed version is kept, and an open release code is void.

    Raises StaleAction after the release, or while it is open already."""
    scan = await advance(session, scan_id, Action.CORRECT, actor, at)
    await drafts.keep(session, actor, scan, at)
    assert scan.reading is not None
    reading = scan.reading
    reading.version = (reading.version or 1) + 1
    reading.signed_at, reading.agrees, reading.difference_seen = None, None, None
    await drafts.assign(session, scan, actor)
    await void_open(session, Purpose.RELEASE, scan_id, at)
    return scan
