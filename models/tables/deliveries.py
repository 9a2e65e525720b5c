"""Deliveries of reports and notifications, by channel, with their history."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, enum_column


class Channel(StrEnum):
    """The delivery channels of a report."""

    CHAT = "chat"
    EMAIL = "email"
    WHATSAPP = "whatsapp"


class DeliveryState(StrEnum):
    QUEUED = "owed"  # queued
    SENDING = "sending"  # after a crash: unknown whether it was sent
    SENT = "sent"
    FAILED = "failed"  # permanently; staff were notified
    CANCELLED = "cancelled"  # the recipient is gone


class Delivery(Base):
    """A message to be delivered once; `key` identifies content and recipient."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_state_started_at", "state", "started_at"),)

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    state: Mapped[DeliveryState] = mapped_column(enum_column(DeliveryState), default=DeliveryState.SENDING)
    receipt: Mapped[str | None] = mapped_column(String(200), index=True)  # message id in chat, Message-ID, Twilio's SID
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    report_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id"), index=True)  # None: a notification
    channel: Mapped[Channel | None] = mapped_column(enum_column(Channel))
    reason: Mapped[str | None] = mapped_column(String(40))  # why it failed, as a code


class DeliveryEvent(Base):
    """One state change in the history of a delivery."""

    __tablename__ = "delivery_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey("deliveries.key"), index=True)
    state: Mapped[DeliveryState] = mapped_column(enum_column(DeliveryState))
    reason: Mapped[str | None] = mapped_column(String(40))
    at: Mapped[datetime]
