"""The record of every look at and every act on health data: only ever appended, each row sealed with the one before."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class AuditRow(Base):
    """Triggers refuse change, removal and a gap. No foreign keys: the record outlives what it speaks of."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]  # nobody: the worker, or a chat that speaks for no account
    role: Mapped[str] = mapped_column(String(32))
    act: Mapped[str] = mapped_column(String(40), index=True)
    object_kind: Mapped[str] = mapped_column(String(24))
    object_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[int | None]
    patient: Mapped[str | None] = mapped_column(String(16))  # a pseudonym: the same person, never a name
    source: Mapped[str] = mapped_column(String(16))  # chat, worker, command line
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(80))  # a code, never what somebody wrote
    request_id: Mapped[str | None] = mapped_column(String(40))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
