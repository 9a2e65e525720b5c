"""The audit trail: append-only, hash-chained record of every access to and action on health data."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

REFUSED = text("outcome = 'refused'")


class AuditRow(Base):
    """One audit record. Triggers refuse updates, deletes and gaps. No foreign keys: records outlive their objects."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_object_kind_object_id_seq", "object_kind", "object_id", "seq"),
        Index("ix_audit_patient_seq", "patient", "seq"),
        Index("ix_audit_actor_id_seq", "actor_id", "seq"),
        Index("ix_audit_refused", "seq", postgresql_where=REFUSED, sqlite_where=REFUSED),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]  # None: the worker, or a chat without an account
    role: Mapped[str] = mapped_column(String(32))
    act: Mapped[str] = mapped_column(String(40), index=True)
    object_kind: Mapped[str] = mapped_column(String(24))
    object_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[int | None]
    patient: Mapped[str | None] = mapped_column(String(16))  # pseudonym, constant for a person
    source: Mapped[str] = mapped_column(String(16))  # chat, worker, command line
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(80))  # a code, never free text
    request_id: Mapped[str | None] = mapped_column(String(40))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
