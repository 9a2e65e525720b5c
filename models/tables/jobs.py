"""The job queue (transactional outbox), and what processes that share it agree on."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Job(Base):
    """A queued job. Jobs that share a `lock` never run at the same time."""

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
    leased_by: Mapped[str | None] = mapped_column(String(120))  # the process; see workflow.job_owner
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(80))  # class name of the last error, never its message
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]  # of the first attempt; the retry deadline counts from here
    trace: Mapped[str | None] = mapped_column(String(55))  # the span that enqueued it, where traces are exported


class RoleLease(Base):
    """The process that has a role, and its count of beats; see workflow.leases."""

    __tablename__ = "role_leases"

    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120), default="")
    beat: Mapped[int] = mapped_column(default=0)


class SendSlot(Base):
    """The due time of the last message of a rate; see bot.telegram.shared_rates. Only PostgreSQL has rows."""

    __tablename__ = "send_slots"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    due: Mapped[datetime]
