"""What is owed and what was delivered."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, stored


class Job(Base):
    """One thing owed. Jobs that share a `lock` never run at the same time."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "ix_jobs_due", "run_at", postgresql_where=text("ended_at IS NULL"), sqlite_where=text("ended_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    lock: Mapped[str | None] = mapped_column(String(80))
    attempts: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(80))  # the last error's class, never its text
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]  # first; patience counts from there, not from when nobody was there to try


class Channel(StrEnum):
    """The ways on which a report travels."""

    CHAT = "chat"
    EMAIL = "email"
    WHATSAPP = "whatsapp"


class DeliveryState(StrEnum):
    OWED = "owed"  # its job waits
    SENDING = "sending"  # found after a crash: nobody knows whether it went out
    SENT = "sent"
    FAILED = "failed"  # for good; somebody was told
    CANCELLED = "cancelled"  # nobody is there to take it


class Delivery(Base):
    """A thing that must reach somebody once: its key says what and to whom."""

    __tablename__ = "deliveries"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    state: Mapped[DeliveryState] = mapped_column(stored(DeliveryState), default=DeliveryState.SENDING)
    receipt: Mapped[str | None] = mapped_column(String(200), index=True)  # message id in chat, Message-ID, Twilio's SID
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    report_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id"), index=True)  # None: a nudge
    channel: Mapped[Channel | None] = mapped_column(stored(Channel))
    reason: Mapped[str | None] = mapped_column(String(40))  # why it failed, as a code


class DeliveryEvent(Base):
    """One line of the history of a report on its way: when it was owed, began, arrived, failed or came back."""

    __tablename__ = "delivery_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey("deliveries.key"), index=True)
    state: Mapped[DeliveryState] = mapped_column(stored(DeliveryState))
    reason: Mapped[str | None] = mapped_column(String(40))
    at: Mapped[datetime]
