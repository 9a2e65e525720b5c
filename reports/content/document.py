"""The report document: plain values, complete before rendering. Field names are keys of the canonical JSON.

A field that is None is omitted from the page."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from models.vocabulary import Band, Language, Modality, ReportStatus, Risk, Sex
from reports.content.reading import ReadingSection, require_zone

THRESHOLD: Final = 0.75  # a lower confidence is printed as "Uncertain"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Hospital:
    name: str
    address: str | None = None
    contact: str | None = None  # one line: telephone, email, website
    registration: str | None = None
    logo: bytes | None = None  # JPEG or PNG


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Patient:
    name: str
    number: str  # the hospital's patient number
    born: date | None = None
    born_about: bool | None = None  # True where the year alone is known, by an age
    sex: Sex = Sex.UNKNOWN
    contact: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Indication:
    """Why the scan was requested, and by whom."""

    symptoms: str | None = None
    since: str | None = None
    referrer: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Technique:
    """How the picture was taken; `size` is width × height in pixels as received."""

    modality: Modality
    description: str | None = None
    quality: str | None = None
    received_at: datetime | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class AiSection:
    """The model's result. `abstention` explains an uncertain one; `label` is None when the model was switched off.

    Labels are values of `Label`; probabilities and confidence are in 0…1.
    """

    model: str
    version: str
    sha256: str  # of the model file; its first twelve digits are printed
    probabilities: tuple[tuple[str, float], ...]
    label: str | None
    confidence: float
    risk: Risk | None = None
    abstention: str | None = None
    threshold: float = THRESHOLD
    heatmap: bytes | None = None  # JPEG
    outlines: bytes | None = None  # JPEG, in place of the heat map: the slices of a heart with their outlines

    @property
    def uncertain(self) -> bool:
        """Whether the result is printed as "Uncertain". `threshold` is that of the class."""
        return self.label is None or self.abstention is not None or self.confidence < self.threshold


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Dosage:
    """How a line that was read is taken (FHIR Dosage), as codes: the page has the words and pictures.

    `parts` is the amount in the morning, at noon, in the evening and at night, in `unit`; empty where the words alone
    say when. `times` is per day; `hours` the interval."""

    parts: tuple[float, ...] = ()
    amount: float | None = None  # at a time
    unit: str = ""
    times: float | None = None
    hours: int | None = None
    single: bool = False
    as_needed: bool = False
    days: int | None = None
    route: str | None = None
    food: str | None = None  # "before" or "after"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Medicine:
    """One line of a prescription; a free-text line has only `drug`. `by_hand`: it could not be read for sure."""

    drug: str
    dose: str | None = None
    route: str | None = None
    frequency: str | None = None
    duration: str | None = None
    remarks: str | None = None
    dosage: Dosage | None = None
    by_hand: bool | None = None


MEDICINE_TEXTS: Final = ("drug", "dose", "route", "frequency", "duration", "remarks")  # the columns, as they are typed


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PrescriptionSection:
    """Medicines or a note, or the explicit statement that no medicine is needed. Raises ValueError for both or none."""

    lines: tuple[Medicine, ...] = ()
    note: str | None = None
    no_medicine: bool = False

    def __post_init__(self) -> None:
        if self.no_medicine and self.lines:
            raise ValueError("a prescription has medicines and no_medicine")
        if not (self.no_medicine or self.lines or self.note):
            raise ValueError("an empty prescription without no_medicine")


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Attestation:
    """A staff member's sign-off, with time and registration number (FHIR Composition.attester)."""

    name: str
    at: datetime
    registration: str | None = None

    def __post_init__(self) -> None:
        require_zone(self.at)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class AmendmentSection:
    """Which version this one replaces or extends, and why."""

    replaces: int
    reason: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Summary:
    """The patient's page in plain language, from staff input only; it never shows the model's result."""

    band: Band
    text: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Stamp:
    """Marks on one copy. They are not part of the content and not in the content hash."""

    draft: bool = False
    verify_url: str | None = None  # printed with its QR code


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Document:
    """One version of one report. `scan` is a JPEG; every datetime is aware and printed in `zone`."""

    hospital: Hospital
    number: str
    patient: Patient
    technique: Technique
    scan: bytes
    issued_at: datetime
    zone: ZoneInfo
    language: Language = Language.ENGLISH
    version: int = 1
    status: ReportStatus = ReportStatus.FINAL
    amendment: AmendmentSection | None = None
    indication: Indication | None = None
    reading: ReadingSection | None = None
    assistance: AiSection | None = None
    prescription: PrescriptionSection | None = None
    doctor: Attestation | None = None
    pharmacist: Attestation | None = None
    administrator: Attestation | None = None
    prescriber: Attestation | None = None  # the doctor who countersigned the prescription
    summary: Summary | None = None
    stamp: Stamp = field(default=Stamp())

    def __post_init__(self) -> None:
        require_zone(self.issued_at)
        require_zone(self.technique.received_at)

    @property
    def is_final_copy(self) -> bool:
        """Whether this is a copy of a released report: no draft, not preliminary. Superseded versions count."""
        return not self.stamp.draft and self.status is not ReportStatus.PRELIMINARY

    def missing_parts(self) -> tuple[str, ...]:
        """Names of the required parts that are missing, sorted; a draft may lack them.

        A preliminary report only requires the doctor's parts."""
        later = () if self.status is ReportStatus.PRELIMINARY else ("prescription", "pharmacist", "administrator")
        required = {name: getattr(self, name) for name in ("doctor", *later)}
        required["reading"] = self.reading is not None and self.reading.is_written
        if self.status in {ReportStatus.AMENDED, ReportStatus.ADDENDUM}:
            required["amendment"] = self.amendment
        return tuple(sorted(name for name, value in required.items() if not value))


class ReportError(Exception):
    """Base of rendering errors. Messages never contain health data."""


class IncompleteReport(ReportError):
    """Required parts are missing; the arguments are their field names."""


class UnreadablePicture(ReportError):
    """A picture is not a complete JPEG (or PNG, for a logo); the argument is the field's name."""


class DeniedFetch(ReportError):
    """The page requested a resource outside the package; the argument is the number of requests."""
