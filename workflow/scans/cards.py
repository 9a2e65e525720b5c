"""Cards: the live message that shows a scan in a chat, one for each chat and scan."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.chats import Card
from models.tables.jobs import Job
from models.tables.scans import Scan
from workflow.jobs import JobKind, enqueue


def enqueue_card(
    session: AsyncSession, scan_id: int, chat_id: int, at: datetime, *, fresh: bool = False, turn: bool = False
) -> Job:
    """Enqueue the job that draws this card with the scan's state at that time.

    `fresh`: send a new message and delete the old one. `turn`: replace the picture as well."""
    lock = f"card:{scan_id}:{chat_id}"
    return enqueue(session, JobKind.SHOW_CARD, at, lock=lock, scan_id=scan_id, chat_id=chat_id, fresh=fresh, turn=turn)


async def enqueue_question(session: AsyncSession, scan: Scan, chat_id: int, at: datetime) -> None:
    """Have this chat ask what troubles the patient whose scan came from their page; once for an album."""
    album = select(Scan.id).where(Scan.media_group_id == scan.media_group_id, Scan.patient_id == scan.patient_id)
    if scan.media_group_id is None or await session.scalar(album.where(Scan.id < scan.id).limit(1)) is None:
        enqueue(session, JobKind.ASK_COMPLAINT, at, scan_id=scan.id, chat_id=chat_id)


async def set_heat_map(session: AsyncSession, scan_id: int, chat_id: int, heat_map: bool, at: datetime) -> None:
    """Show the heat map on the card, or the picture again. Does nothing where it is shown already."""
    card = await session.get(Card, (scan_id, chat_id))
    if card is not None and card.heat_map is not heat_map:
        card.heat_map = heat_map
        enqueue_card(session, scan_id, chat_id, at, turn=True)
