"""What was changed in a report after it left the house: each change is a row, and a version of its own."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, stored
from models.crypto.keys import Info, Secret
from models.crypto.sealing import Sealed, Sealing
from models.tables.people import Account
from models.tables.scans import key_of_scan


class AmendmentState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    ISSUED = "issued"
    DECLINED = "declined"


class Amendment(Sealing, Base):
    """Words that are None stay as they were. An addendum has only a `reason`: the words that it adds."""

    __tablename__ = "amendments"
    __table_args__ = (UniqueConstraint("scan_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    number: Mapped[int]  # of this scan's changes, the declined ones counted
    version: Mapped[int]  # of the report that it makes
    addendum: Mapped[bool]
    reason: Mapped[str] = mapped_column(Sealed, nullable=True)  # nothing, once the person is forgotten
    findings: Mapped[str | None] = mapped_column(Sealed)
    impression: Mapped[str | None] = mapped_column(Sealed)
    recommendations: Mapped[str | None] = mapped_column(Sealed)
    band: Mapped[str | None] = mapped_column(Sealed)
    state: Mapped[AmendmentState] = mapped_column(stored(AmendmentState), default=AmendmentState.PROPOSED)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    administrator_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    approved_at: Mapped[datetime | None]

    doctor: Mapped[Account] = relationship(foreign_keys=[doctor_id], lazy="joined")
    administrator: Mapped[Account | None] = relationship(foreign_keys=[administrator_id], lazy="joined")

    def place(self) -> str:
        return f"amendments|{self.scan_id}|{self.number}"

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        return key_of_scan(connection, info, self.scan_id)
