"""Clarifications: questions of the staff about a scan, to the doctor or the patient, with their answers."""

from datetime import datetime

from sqlalchemy import Connection, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, enum_column
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo
from models.tables.accounts import Account
from models.tables.scans import scan_data_key
from models.vocabulary import Role


class Clarification(EncryptedRow, Base):
    """A question about a scan. It is open until it is answered, once, or withdrawn.

    A ready question or answer is stored as its key after a line feed; typed text never begins with one."""

    __tablename__ = "clarifications"
    __table_args__ = (UniqueConstraint("scan_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    number: Mapped[int]  # counts this scan's questions
    asker_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    asker_role: Mapped[Role] = mapped_column(enum_column(Role))
    addressee: Mapped[Role] = mapped_column(enum_column(Role))  # doctor or patient
    question: Mapped[str] = mapped_column(Encrypted, nullable=True)  # NULL after erasure
    answer: Mapped[str | None] = mapped_column(Encrypted)
    asked_at: Mapped[datetime]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    answered_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    asker: Mapped[Account] = relationship(foreign_keys=[asker_id], lazy="joined")
    answerer: Mapped[Account | None] = relationship(foreign_keys=[answered_by], lazy="joined")

    @property
    def is_open(self) -> bool:
        return self.answered_at is None and self.withdrawn_at is None

    def aad(self) -> str:
        return f"clarifications|{self.scan_id}|{self.number}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)
