"""Enumerations shared by every layer. The values are stored and public; this module imports nothing of the project."""

from enum import StrEnum


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
