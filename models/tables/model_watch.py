"""Model monitoring: findings of a shadow model, and feature flags."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


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


class FeatureFlag(Base):
    """A feature that an administrator can turn off for the whole installation."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    on: Mapped[bool]
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    changed_at: Mapped[datetime]
