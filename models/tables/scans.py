"""Scans with their AI findings, readings, prescriptions, critical results, reports and event history."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Connection, ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from models.base import Base, enum_column
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo
from models.tables.accounts import Account, PatientFacts, VoiceNote, patient_data_key
from models.tables.claims import Claim
from models.vocabulary import ScanStatus

if TYPE_CHECKING:
    from models.tables.clarifications import Clarification
    from models.tables.readings import ReadingVersion


class Scan(EncryptedRow, Base):
    """A scan. `version` (optimistic locking) makes the second of two concurrent decisions fail."""

    __tablename__ = "scans"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    status: Mapped[ScanStatus] = mapped_column(enum_column(ScanStatus), default=ScanStatus.PENDING_AI, index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    original_file: Mapped[str] = mapped_column(String(36))  # vault ids
    picture_file: Mapped[str] = mapped_column(String(36))
    modality: Mapped[str] = mapped_column(String(40))  # as accepted by the intake gate
    media_group_id: Mapped[str | None] = mapped_column(String(64))
    complaint: Mapped[str | None] = mapped_column(Encrypted)
    since: Mapped[str | None] = mapped_column(Encrypted)
    picture_hash: Mapped[str | None] = mapped_column(Encrypted)  # perceptual, of the picture as decoded
    # {"scan": the earlier scan with the same picture, "confirmed": the patient's answer or None}
    same_as: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    analysis_asked_at: Mapped[datetime | None]
    stat_at: Mapped[datetime | None]  # when staff asked for it to be read first (STAT)
    late_notified: Mapped[int | None]  # how far its delay was told, see `workflow.desk.promise`
    released_at: Mapped[datetime | None]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None] = mapped_column(Encrypted)  # why it was rejected
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    patient: Mapped[Account] = relationship(foreign_keys=[patient_id], lazy="joined")
    releaser: Mapped[Account | None] = relationship(foreign_keys=[released_by], lazy="selectin")
    finding: Mapped["AiFinding | None"] = relationship(lazy="joined", back_populates="scan")
    reading: Mapped["Reading | None"] = relationship(lazy="joined", back_populates="scan")
    prescription: Mapped["Prescription | None"] = relationship(lazy="joined", back_populates="scan")
    versions: Mapped[list["ReadingVersion"]] = relationship(
        lazy="selectin", back_populates="scan", order_by="ReadingVersion.number"
    )
    critical: Mapped["CriticalResult | None"] = relationship(lazy="joined", back_populates="scan")
    claim: Mapped[Claim | None] = relationship(lazy="joined", viewonly=True)
    clarifications: Mapped[list["Clarification"]] = relationship(
        lazy="selectin", order_by="Clarification.number", viewonly=True
    )
    voices: Mapped[list[VoiceNote]] = relationship(lazy="selectin", order_by=VoiceNote.id, viewonly=True)
    facts: Mapped[PatientFacts | None] = relationship(
        primaryjoin=lambda: foreign(Scan.patient_id) == PatientFacts.account_id, lazy="joined", viewonly=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own attribute

    def aad(self) -> str:
        return f"scans|{self.original_file}"  # unique, and known before the row has an id

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return patient_data_key(connection, info, self.patient_id)


class AiFinding(EncryptedRow, Base):
    """The model's result for a scan. Never edited.

    `label` and `heatmap_file` are None when the model was switched off. For a heart, `heatmap_file` is the sheet of its
    slices with their outlines, and `heart` holds the measures."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_model_sha256_created_at", "model_sha256", "created_at"),)

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    model: Mapped[str] = mapped_column(String(60))
    model_version: Mapped[str] = mapped_column(String(40))
    model_sha256: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(40))
    label: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float] = mapped_column(default=0.0)
    threshold: Mapped[float] = mapped_column(default=0.75)  # required confidence of this class
    uncertain: Mapped[bool]
    doubts: Mapped[list[str]] = mapped_column(JSON, default=list)  # codes of `Doubt` and `HeartDoubt`
    slices: Mapped[int] = mapped_column(default=1)  # number of pooled cardiac slices
    abnormal: Mapped[float] = mapped_column(default=0.0)
    probabilities: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)
    distance: Mapped[float | None]  # cosine distance to the training data
    adjustments: Mapped[list[str]] = mapped_column(JSON, default=list)  # corrections applied before inference
    heatmap_file: Mapped[str | None] = mapped_column(String(36))
    heart: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)  # phases, slices measured, and the measures
    created_at: Mapped[datetime]

    scan: Mapped[Scan] = relationship(back_populates="finding")

    def aad(self) -> str:
        return f"findings|{self.scan_id}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)


class Reading(EncryptedRow, Base):
    """The doctor's reading; a draft until `signed_at`."""

    __tablename__ = "readings"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    own_reading: Mapped[str | None] = mapped_column(Encrypted)  # required when the model was uncertain
    findings: Mapped[str] = mapped_column(Encrypted, nullable=True)  # NULL after erasure
    impression: Mapped[str | None] = mapped_column(Encrypted)
    recommendations: Mapped[str | None] = mapped_column(Encrypted)
    regions: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)  # region → {"phrases": […], "text": "…"}
    diagnosis: Mapped[str | None] = mapped_column(Encrypted)  # key of a ready diagnosis; used where no text was typed
    band: Mapped[str | None] = mapped_column(Encrypted)  # a `Band`: what the patient should do
    agrees: Mapped[bool | None]  # with the model; None: not asked or not answered
    why: Mapped[str | None] = mapped_column(Encrypted)  # free text, or the key of a ready reason
    override: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)  # {"checks": ["band:nodule"], "reason": "…"}
    no_alert: Mapped[str | None] = mapped_column(Encrypted)  # why an urgent reading raises no critical result
    proposed: Mapped[list[str] | None] = mapped_column(Encrypted)  # prescription lines for the pharmacist
    difference_seen: Mapped[bool | None]  # a grave difference from the model was shown before signing
    compared: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))  # ids of earlier scans, set at signing
    signed_at: Mapped[datetime | None] = mapped_column(index=True)
    version: Mapped[int | None]  # from 2 on, counted up by each correction; None: never corrected

    scan: Mapped[Scan] = relationship(back_populates="reading")
    doctor: Mapped[Account] = relationship(lazy="joined")

    def aad(self) -> str:
        return f"readings|{self.scan_id}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)


class Prescription(EncryptedRow, Base):
    """The pharmacist's prescription. An empty list of lines means that no medicine is needed."""

    __tablename__ = "prescriptions"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    pharmacist_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    lines: Mapped[list[str]] = mapped_column(Encrypted, nullable=True)
    # each line as it was read; None before lines were read as data
    read: Mapped[list[dict[str, Any]] | None] = mapped_column(Encrypted)
    # alerts that the pharmacist went on against, each with its `reason`
    overrides: Mapped[list[dict[str, Any]] | None] = mapped_column(Encrypted)
    completed_at: Mapped[datetime | None]
    reading_version: Mapped[int | None]  # the `Reading.version` that it was completed or confirmed for
    needs_doctor: Mapped[bool | None] = mapped_column(Encrypted)  # set when completed; None before this was asked
    countersigned_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # the doctor who prescribes it
    countersigned_at: Mapped[datetime | None]

    scan: Mapped[Scan] = relationship(back_populates="prescription")
    pharmacist: Mapped[Account] = relationship(foreign_keys=[pharmacist_id], lazy="joined")
    prescriber: Mapped[Account | None] = relationship(foreign_keys=[countersigned_by], lazy="joined")

    def aad(self) -> str:
        return f"prescriptions|{self.scan_id}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)


class CriticalResult(Base):
    """A critical result and its acknowledgement (closed-loop communication)."""

    __tablename__ = "critical_results"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    marked_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # first delivered to the patient's chat
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))

    scan: Mapped[Scan] = relationship(back_populates="critical")
    doctor: Mapped[Account] = relationship(foreign_keys=[doctor_id], lazy="joined")


class Report(EncryptedRow, Base):
    """One issued report version: the signed master file and the encrypted copy.

    `token` and `copy_file` are None for reports issued before signatures existed."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("scan_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    version: Mapped[int]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    file: Mapped[str] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64))
    content_sha256: Mapped[str] = mapped_column(String(64))
    token: Mapped[str | None] = mapped_column(String(32), unique=True)  # of the verification page; printed as a QR code
    copy_file: Mapped[str | None] = mapped_column(String(36))  # encrypted with `passphrase`, for email
    copy_sha256: Mapped[str | None] = mapped_column(String(64))
    passphrase: Mapped[str | None] = mapped_column(Encrypted)  # sent in chat, never by email
    created_at: Mapped[datetime]

    scan: Mapped[Scan] = relationship(lazy="joined")

    def aad(self) -> str:
        return f"reports|{self.number}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return scan_data_key(connection, info, self.scan_id)


class ScanEvent(Base):
    """One transition in a scan's history: actor, action and the resulting status."""

    __tablename__ = "scan_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # None: the worker
    role: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    status: Mapped[ScanStatus] = mapped_column(enum_column(ScanStatus))
    at: Mapped[datetime]


def scan_data_key(connection: Connection, info: SessionInfo, scan_id: int) -> DataKey:
    patient = connection.execute(select(Scan.patient_id).where(Scan.id == scan_id)).scalar_one()
    return patient_data_key(connection, info, patient)
