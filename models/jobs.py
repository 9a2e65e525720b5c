"""What is owed and what was delivered."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, text
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


class DeliveryState(StrEnum):
    SENDING = "sending"  # found after a crash: nobody knows whether it went out
    SENT = "sent"
    FAILED = "failed"  # for good; somebody was told


class Delivery(Base):
    """A thing that must reach somebody once: its key says what and to whom."""

    __tablename__ = "deliveries"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    state: Mapped[DeliveryState] = mapped_column(stored(DeliveryState), default=DeliveryState.SENDING)
    receipt: Mapped[str | None] = mapped_column(String(200))  # message id in chat or Message-ID of the mail
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
