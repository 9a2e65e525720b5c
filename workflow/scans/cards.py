"""The live messages that show a scan, one for each chat that looks at it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.chats import Card
from models.tables.jobs import Job
from workflow.jobs import JobKind, enqueue


def show(
    session: AsyncSession, scan_id: int, chat_id: int, at: datetime, *, fresh: bool = False, turn: bool = False
) -> Job:
    """Owe one chat its card as the scan stands when the job runs.

    `fresh`: at the bottom of the chat, the old one removed. `turn`: with the other picture."""
    lock = f"card:{scan_id}:{chat_id}"
    return enqueue(session, JobKind.SHOW_CARD, at, lock=lock, scan_id=scan_id, chat_id=chat_id, fresh=fresh, turn=turn)


async def turn_card(session: AsyncSession, scan_id: int, chat_id: int, heat_map: bool, at: datetime) -> None:
    """Show the heat map, or the picture again."""
    card = await session.get(Card, (scan_id, chat_id))
    if card is not None and card.heat_map is not heat_map:
        card.heat_map = heat_map
        show(session, scan_id, chat_id, at, turn=True)
