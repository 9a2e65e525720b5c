"""What a report says: plain values, complete before any page is drawn; a field that is None is left off the page."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from reports.content.reading import Reading, require_zone

THRESHOLD: Final = 0.75  # below it the computer's answer is "Uncertain"


class Language(StrEnum):
    """The language of the report's own words; what people typed stays as typed."""

    ENGLISH = "en"
    TAMIL = "ta"
    HINDI = "hi"


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Modality(StrEnum):
    CHEST_XRAY = "chest_xray"
    CARDIAC_MRI = "cardiac_mri"


class Risk(StrEnum):
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Status(StrEnum):
    """Where this version stands, in the words of FHIR's DiagnosticReport."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    ADDENDUM = "addendum"


class Band(StrEnum):
    """What the patient should do, as the doctor judged it."""

    NO_ACTION = "no_action"
    SEE_DOCTOR = "see_doctor"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Hospital:
    name: str
    address: str | None = None
    contact: str | None = None  # one line: telephone, email, site
    registration: str | None = None
    logo: bytes | None = None  # JPEG or PNG


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Patient:
    name: str
    number: str  # the clinic's own number of this person
    born: date | None = None
    sex: Sex = Sex.UNKNOWN
    contact: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Indication:
    """Who asked and why."""

    symptoms: str | None = None
    since: str | None = None
    referrer: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Technique:
    """How the picture came about; `size` is width × height in pixels as received."""

    modality: Modality
    description: str | None = None
    quality: str | None = None
    received_at: datetime | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Assistance:
    """The computer's part. Where it abstained `abstention` says why; `label` None means that it was not asked.

    Labels are the bundle's ids (COVID, Normal, …); probabilities and confidence lie in 0…1.
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

    @property
    def uncertain(self) -> bool:
        """Whether the answer is too weak to be shown as one: a class may need more than the threshold of all."""
        return self.label is None or self.abstention is not None or self.confidence < self.threshold


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Medicine:
    """One line of a prescription; a line typed freely has only `drug`."""

    drug: str
    dose: str | None = None
    route: str | None = None
    frequency: str | None = None
    duration: str | None = None
    remarks: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Prescription:
    """Medicines, or the pharmacist's explicit word that none is needed; never both, never neither."""

    lines: tuple[Medicine, ...] = ()
    note: str | None = None
    no_medicine: bool = False

    def __post_init__(self) -> None:
        if self.no_medicine and self.lines:
            raise ValueError("a prescription with medicines cannot say that none is needed")
        if not (self.no_medicine or self.lines or self.note):
            raise ValueError("an empty prescription must say that no medicine is needed")


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Act:
    """What one member of staff did, and when; the report never bears another kind of signature."""

    name: str
    at: datetime
    registration: str | None = None

    def __post_init__(self) -> None:
        require_zone(self.at)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Amendment:
    """Why this version follows an earlier one."""

    replaces: int
    reason: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Summary:
    """The patient's page in plain words, written by people; it has no room for an AI label."""

    band: Band
    text: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Stamp:
    """What the desk puts on one copy. It is no part of the content and not in the content hash."""

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
    status: Status = Status.FINAL
    amendment: Amendment | None = None
    indication: Indication | None = None
    reading: Reading | None = None
    assistance: Assistance | None = None
    prescription: Prescription | None = None
    doctor: Act | None = None
    pharmacist: Act | None = None
    administrator: Act | None = None
    summary: Summary | None = None
    stamp: Stamp = field(default=Stamp())

    def __post_init__(self) -> None:
        require_zone(self.issued_at)
        require_zone(self.technique.received_at)

    @property
    def counts(self) -> bool:
        """Whether this copy is what three people have signed. One that was superseded says so where it is fetched: its
        own pages are sealed."""
        return not self.stamp.draft and self.status is not Status.PRELIMINARY

    def missing(self) -> tuple[str, ...]:
        """The names of what a report must have before it may leave the house; a draft may lack them.

        Of a preliminary one, which does not leave it, only what the doctor gives."""
        later = () if self.status is Status.PRELIMINARY else ("prescription", "pharmacist", "administrator")
        owed = {name: getattr(self, name) for name in ("doctor", *later)}
        owed["reading"] = self.reading is not None and self.reading.written
        if self.status in {Status.AMENDED, Status.ADDENDUM}:
            owed["amendment"] = self.amendment
        return tuple(sorted(name for name, value in owed.items() if not value))


class ReportError(Exception):
    """Why no page was drawn: IncompleteReport, UnreadablePicture, DeniedFetch. Texts never hold health data."""


class IncompleteReport(ReportError):
    """Something that a report must have is missing; the arguments are the fields' names."""


class UnreadablePicture(ReportError):
    """A picture is not a whole JPEG (or PNG, for a logo); the argument is the field's name."""


class DeniedFetch(ReportError):
    """The page asked for something outside the package; the argument is the number of such requests."""
