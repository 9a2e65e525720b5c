"""Results of models beside the findings: of a shadow model, and of scans read ahead; and feature flags."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo
from models.tables.scans import scan_data_key


class ShadowFinding(Base):
    """A shadow model's finding on a scan: compared later, never shown."""

    __tablename__ = "silent_findings"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    model_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(60))
    model_version: Mapped[str] = mapped_column(String(40))
    label: Mapped[str | None] = mapped_column(String(40))  # None: the picture was refused
    confidence: Mapped[float]
    uncertain: Mapped[bool]
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class ReadAhead(EncryptedRow, Base):
    """A forward pass made on arrival. It orders the queue, is shown to nobody, and becomes the finding when a doctor
    asks for the analysis."""

    __tablename__ = "read_ahead"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    basis: Mapped[str] = mapped_column(String(64))  # hash of the bundles and of the slices read with it
    result: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)  # the columns of the finding; NULL after erasure
    heatmap_file: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime]

    def aad(self) -> str:
        return f"read_ahead|{self.scan_id}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)


class FeatureFlag(Base):
    """A feature that an administrator can turn off for the whole installation."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    on: Mapped[bool]
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    changed_at: Mapped[datetime]
