"""Enumerations shared by every layer. The values are stored and public; this module imports nothing of the project."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Roles of accounts; SYSTEM is the background worker and is held by no account."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Sex(StrEnum):
    """Administrative sex by HL7 FHIR (AdministrativeGender)."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """The patient's relation to the person who acts for them."""

    SELF = "self"  # the same person, whose file was opened at the desk
    CHILD = "child"
    PARENT = "parent"
    SPOUSE = "spouse"
    OTHER = "other"
    DESK = "desk"  # a walk-in: the hospital's desk acts


class Modality(StrEnum):
    """The kinds of scan that are accepted."""

    CHEST_XRAY = "chest_xray"
    CARDIAC_MRI = "cardiac_mri"


class Label(StrEnum):
    """The classes of the model."""

    COVID = "COVID"
    LUNG_OPACITY = "Lung_Opacity"
    NIH_MERGED = "NIH_MERGED"
    NORMAL = "Normal"
    SICK = "Sick"
    VIRAL_PNEUMONIA = "Viral_Pneumonia"


MODEL_CLASSES: Final[Mapping[Modality, tuple[Label, ...]]] = {  # the classes that a scan of each kind may have
    Modality.CHEST_XRAY: (Label.COVID, Label.LUNG_OPACITY, Label.NIH_MERGED, Label.NORMAL, Label.VIRAL_PNEUMONIA),
    Modality.CARDIAC_MRI: (Label.NORMAL, Label.SICK),
}


class Risk(StrEnum):
    """Triage priority derived from the model's result. UNCLEAR is never printed on a report."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    UNCLEAR = "unclear"  # the model is uncertain


class Band(StrEnum):
    """Urgency of follow-up for the patient, as judged by the doctor."""

    NO_ACTION = "no_action"
    SEE_DOCTOR = "see_doctor"
    URGENT = "urgent"


class ScanStatus(StrEnum):
    """States of a scan; the transitions are in `workflow.transitions`."""

    PENDING_AI = "PENDING_AI"
    AI_ANALYZED = "AI_ANALYZED"
    DOCTOR_VERIFIED = "DOCTOR_VERIFIED"
    PHARMACIST_COMPLETED = "PHARMACIST_COMPLETED"
    REPORT_READY = "REPORT_READY"
    REJECTED = "REJECTED"


class ReportStatus(StrEnum):
    """Status of a report version, a subset of HL7 FHIR DiagnosticReportStatus; `addendum` is "appended" there."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    ADDENDUM = "addendum"


class Language(StrEnum):
    """Languages of the user interface and the reports."""

    ENGLISH = "en"
    TAMIL = "ta"
    HINDI = "hi"
