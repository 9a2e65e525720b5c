"""Versions of a doctor's reading that another text took the place of; a doctor's own phrases."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo
from models.tables.accounts import Account, patient_data_key
from models.tables.scans import Scan, scan_data_key


class ReadingVersion(EncryptedRow, Base):
    """A reading as it stood before another doctor wrote, or before it was corrected. Never edited.

    A draft where `signed_at` is None."""

    __tablename__ = "reading_versions"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # within the scan, from 1
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    content: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)  # the fields of `Reading` that hold words
    signed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    scan: Mapped[Scan] = relationship(back_populates="versions")
    doctor: Mapped[Account] = relationship(lazy="joined")

    def aad(self) -> str:
        return f"reading_versions|{self.scan_id}|{self.number}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)


class ReadingPresets(EncryptedRow, Base):
    """One doctor's own phrases and last used ready readings, under the doctor's data key."""

    __tablename__ = "reading_presets"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, autoincrement=False)
    recent: Mapped[list[str] | None] = mapped_column(Encrypted)  # keys of ready readings, last used first
    # [{"number": 3, "name": "…", "text": "…"}], last used first
    phrases: Mapped[list[dict[str, Any]] | None] = mapped_column(Encrypted)
    last_number: Mapped[int] = mapped_column(default=0)  # a number is never given again

    def aad(self) -> str:
        return f"reading_presets|{self.account_id}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return patient_data_key(connection, info, self.account_id)
