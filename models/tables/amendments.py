"""Amendments and addenda to released reports: one row and one report version for each."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, enum_column
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo
from models.tables.accounts import Account
from models.tables.scans import scan_data_key


class AmendmentState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    ISSUED = "issued"
    DECLINED = "declined"


class Amendment(EncryptedRow, Base):
    """A change to a released report. Text fields that are None keep the previous text.

    An addendum only has `reason`: the text that it adds."""

    __tablename__ = "amendments"
    __table_args__ = (UniqueConstraint("scan_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    number: Mapped[int]  # counts this scan's amendments, declined ones included
    version: Mapped[int]  # of the report issued with it
    addendum: Mapped[bool]
    reason: Mapped[str] = mapped_column(Encrypted, nullable=True)  # NULL after erasure
    findings: Mapped[str | None] = mapped_column(Encrypted)
    impression: Mapped[str | None] = mapped_column(Encrypted)
    recommendations: Mapped[str | None] = mapped_column(Encrypted)
    band: Mapped[str | None] = mapped_column(Encrypted)
    override: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)  # as in `Reading`
    state: Mapped[AmendmentState] = mapped_column(enum_column(AmendmentState), default=AmendmentState.PROPOSED)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    administrator_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    approved_at: Mapped[datetime | None]

    doctor: Mapped[Account] = relationship(foreign_keys=[doctor_id], lazy="joined")
    administrator: Mapped[Account | None] = relationship(foreign_keys=[administrator_id], lazy="joined")

    def aad(self) -> str:
        return f"amendments|{self.scan_id}|{self.number}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)
