"""A scan and all that is said about it on its way to a report."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, stored
from models.crypto.keys import Info, Secret
from models.crypto.sealing import Sealed, Sealing
from models.tables.people import Account, key_of_patient


class Status(StrEnum):
    PENDING_AI = "PENDING_AI"
    AI_ANALYZED = "AI_ANALYZED"
    DOCTOR_VERIFIED = "DOCTOR_VERIFIED"
    PHARMACIST_COMPLETED = "PHARMACIST_COMPLETED"
    REPORT_READY = "REPORT_READY"
    REJECTED = "REJECTED"


class Scan(Sealing, Base):
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
    complaint: Mapped[str | None] = mapped_column(Sealed)
    since: Mapped[str | None] = mapped_column(Sealed)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    analysis_asked_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None] = mapped_column(Sealed)  # why it was rejected
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    patient: Mapped[Account] = relationship(foreign_keys=[patient_id], lazy="joined")
    releaser: Mapped[Account | None] = relationship(foreign_keys=[released_by], lazy="selectin")
    finding: Mapped["Finding | None"] = relationship(lazy="joined", back_populates="scan")
    reading: Mapped["Reading | None"] = relationship(lazy="joined", back_populates="scan")
    prescription: Mapped["Prescription | None"] = relationship(lazy="joined", back_populates="scan")
    critical: Mapped["Critical | None"] = relationship(lazy="joined", back_populates="scan")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own attribute

    def place(self) -> str:
        return f"scans|{self.original_file}"  # known before the row has a number, and nobody else's

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        return key_of_patient(connection, info, self.patient_id)


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
    threshold: Mapped[float] = mapped_column(default=0.75)  # the confidence that this class needed
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


class Reading(Sealing, Base):
    """What the doctor says; a draft until `signed_at`."""

    __tablename__ = "readings"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    own_reading: Mapped[str | None] = mapped_column(Sealed)  # required when the model was uncertain
    findings: Mapped[str] = mapped_column(Sealed, nullable=True)  # nothing, once the person is forgotten
    impression: Mapped[str | None] = mapped_column(Sealed)
    recommendations: Mapped[str | None] = mapped_column(Sealed)
    regions: Mapped[dict[str, Any] | None] = mapped_column(Sealed)  # region → {"phrases": […], "text": "…"}
    diagnosis: Mapped[str | None] = mapped_column(Sealed)  # picked by hand; speaks where no words were typed
    band: Mapped[str | None] = mapped_column(Sealed)  # what the patient should do
    agrees: Mapped[bool | None]  # with the model's answer; None: not asked or not said
    why: Mapped[str | None] = mapped_column(Sealed)  # typed, or a ready reason by its key
    compared: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))  # earlier scans, when it was signed
    signed_at: Mapped[datetime | None]

    scan: Mapped[Scan] = relationship(back_populates="reading")
    doctor: Mapped[Account] = relationship(lazy="joined")

    def place(self) -> str:
        return f"readings|{self.scan_id}"

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        return key_of_scan(connection, info, self.scan_id)


class Prescription(Sealing, Base):
    """What the pharmacist adds; no lines means that no medicine is needed, which is an answer too."""

    __tablename__ = "prescriptions"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    pharmacist_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    lines: Mapped[list[str]] = mapped_column(Sealed, nullable=True)
    completed_at: Mapped[datetime | None]

    scan: Mapped[Scan] = relationship(back_populates="prescription")
    pharmacist: Mapped[Account] = relationship(lazy="joined")

    def place(self) -> str:
        return f"prescriptions|{self.scan_id}"

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        return key_of_scan(connection, info, self.scan_id)


class Critical(Base):
    """A result that could not wait for the report: a closed loop once somebody has acknowledged it."""

    __tablename__ = "critical_results"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    marked_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when the patient's chat first had it
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))

    scan: Mapped[Scan] = relationship(back_populates="critical")
    doctor: Mapped[Account] = relationship(foreign_keys=[doctor_id], lazy="joined")


class Report(Sealing, Base):
    """One version on paper: the signed master and its encrypted copy. Reports older than signatures have neither."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("scan_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    version: Mapped[int]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    file: Mapped[str] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64))
    content_sha256: Mapped[str] = mapped_column(String(64))
    token: Mapped[str | None] = mapped_column(String(32), unique=True)  # of its page; printed as a QR code
    copy_file: Mapped[str | None] = mapped_column(String(36))  # encrypted, for the mail
    copy_sha256: Mapped[str | None] = mapped_column(String(64))
    passphrase: Mapped[str | None] = mapped_column(Sealed)  # of the copy; said in chat, never in the mail
    created_at: Mapped[datetime]

    scan: Mapped[Scan] = relationship(lazy="joined")

    def place(self) -> str:
        return f"reports|{self.number}"

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        return key_of_scan(connection, info, self.scan_id)


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


def key_of_scan(connection: Connection, info: Info, scan_id: int) -> Secret:
    patient = connection.execute(select(Scan.patient_id).where(Scan.id == scan_id)).scalar_one()
    return key_of_patient(connection, info, patient)
