"""A scan and all that is said about it on its way to a report."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, stored
from models.people import Account


class Status(StrEnum):
    PENDING_AI = "PENDING_AI"
    AI_ANALYZED = "AI_ANALYZED"
    DOCTOR_VERIFIED = "DOCTOR_VERIFIED"
    PHARMACIST_COMPLETED = "PHARMACIST_COMPLETED"
    REPORT_READY = "REPORT_READY"
    REJECTED = "REJECTED"


class Scan(Base):
    """`version` makes the second of two simultaneous decisions fail instead of overwriting the first."""

    __tablename__ = "scans"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    status: Mapped[Status] = mapped_column(stored(Status), default=Status.PENDING_AI, index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    original_file: Mapped[str] = mapped_column(String(36))  # vault ids
    picture_file: Mapped[str] = mapped_column(String(36))
    modality: Mapped[str] = mapped_column(String(40))  # as the gate took it in
    media_group_id: Mapped[str | None] = mapped_column(String(64))
    complaint: Mapped[str | None] = mapped_column(Text)
    since: Mapped[str | None] = mapped_column(Text)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    analysis_asked_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None] = mapped_column(Text)  # why it was rejected
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    patient: Mapped[Account] = relationship(foreign_keys=[patient_id], lazy="joined")
    releaser: Mapped[Account | None] = relationship(foreign_keys=[released_by], lazy="selectin")
    finding: Mapped["Finding | None"] = relationship(lazy="joined", back_populates="scan")
    reading: Mapped["Reading | None"] = relationship(lazy="joined", back_populates="scan")
    prescription: Mapped["Prescription | None"] = relationship(lazy="joined", back_populates="scan")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own attribute


class Finding(Base):
    """What the model said. Never edited: a new model writes a new row for a new scan.

    `label` and the heat map are missing where the model was switched off: then it said nothing at all."""

    __tablename__ = "findings"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    model: Mapped[str] = mapped_column(String(60))
    model_version: Mapped[str] = mapped_column(String(40))
    model_sha256: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(40))
    label: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float] = mapped_column(default=0.0)
    uncertain: Mapped[bool]
    doubts: Mapped[list[str]] = mapped_column(JSON, default=list)  # why not to lean on it, as codes
    slices: Mapped[int] = mapped_column(default=1)  # of one heart, pooled into this answer
    abnormal: Mapped[float] = mapped_column(default=0.0)
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)
    distance: Mapped[float | None]  # from the training data, as the bundle measures it
    adjustments: Mapped[list[str]] = mapped_column(JSON, default=list)  # what was put right before reading
    heatmap_file: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime]

    scan: Mapped[Scan] = relationship(back_populates="finding")


class Reading(Base):
    """What the doctor says; a draft until `signed_at`."""

    __tablename__ = "readings"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    own_reading: Mapped[str | None] = mapped_column(Text)  # required when the model was uncertain
    findings: Mapped[str] = mapped_column(Text)
    impression: Mapped[str | None] = mapped_column(Text)
    recommendations: Mapped[str | None] = mapped_column(Text)
    agrees: Mapped[bool | None]  # with the model's answer; None: not asked or not said
    signed_at: Mapped[datetime | None]

    scan: Mapped[Scan] = relationship(back_populates="reading")
    doctor: Mapped[Account] = relationship(lazy="joined")


class Prescription(Base):
    """What the pharmacist adds; no lines means that no medicine is needed, which is an answer too."""

    __tablename__ = "prescriptions"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    pharmacist_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    lines: Mapped[list[str]] = mapped_column(JSON)
    completed_at: Mapped[datetime | None]

    scan: Mapped[Scan] = relationship(back_populates="prescription")
    pharmacist: Mapped[Account] = relationship(lazy="joined")


class Report(Base):
    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("scan_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    version: Mapped[int]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    file: Mapped[str] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64))
    content_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]

    scan: Mapped[Scan] = relationship(lazy="joined")


class ScanEvent(Base):
    """One line of a scan's history: who did what, and where it then stood."""

    __tablename__ = "scan_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # nobody: the worker
    role: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    status: Mapped[Status] = mapped_column(stored(Status))
    at: Mapped[datetime]
