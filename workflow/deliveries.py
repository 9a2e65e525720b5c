"""Things that must reach somebody once."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from models.jobs import Delivery, DeliveryState


class Outcome(StrEnum):
    """What is known of a thing before it leaves."""

    NEW = "new"
    UNKNOWN = "unknown"  # a crash hid whether it went out: what must arrive goes again, a nudge is dropped
    OVER = "over"  # it arrived, or failed for good


async def begin_delivery(session: AsyncSession, key: str, at: datetime) -> Outcome:
    """Note that something is about to leave, in a transaction of its own."""
    delivery = await session.get(Delivery, key)
    if delivery is not None:
        return Outcome.UNKNOWN if delivery.state is DeliveryState.SENDING else Outcome.OVER
    session.add(Delivery(key=key, state=DeliveryState.SENDING, started_at=at))
    return Outcome.NEW


async def end_delivery(
    session: AsyncSession, key: str, at: datetime, receipt: str | None = None, state: DeliveryState = DeliveryState.SENT
) -> None:
    delivery = await session.get_one(Delivery, key)
    delivery.state, delivery.receipt, delivery.ended_at = state, receipt, at
