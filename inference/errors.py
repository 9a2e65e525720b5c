"""Errors of the inference engine.

InferenceError
├── Refused       the upload is rejected; the reason is a code, its sentence is in the locales
└── BundleError   the model bundle on disk is damaged or inconsistent; serving must not start
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a picture is refused. The codes are stable: scripts and locales depend on them."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    WRONG_FORMAT = "wrong_format"  # a picture or document, but neither JPEG, PNG nor DICOM
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TRAILING_DATA = "trailing_data"  # bytes follow the end of the picture
    SUSPICIOUS = "suspicious"  # built to exhaust the decoder: decompression bombs, hundreds of scans
    TOO_LARGE = "too_large"  # bytes
    TOO_HEAVY = "too_heavy"  # decoding exceeded the time or memory limit
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    ANIMATED = "animated"
    MULTI_FRAME = "multi_frame"
    COLOUR_SPACE = "colour_space"  # CMYK and other unsupported colour spaces
    DICOM_SYNTAX = "dicom_syntax"  # unsupported DICOM transfer syntax
    DICOM_REPORT = "dicom_report"  # a structured report
    DICOM_DOCUMENT = "dicom_document"  # a document encapsulated in DICOM
    DICOMDIR = "dicomdir"  # the index of a disc
    DICOM_NO_PICTURE = "dicom_no_picture"  # a plan, a waveform or another DICOM object without pixels
    HEIC = "heic"  # an iPhone's own picture format
    PDF = "pdf"
    BLANK = "blank"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOW_CONTRAST = "low_contrast"
    GLARE = "glare"  # a saturated reflection
    BLURRED = "blurred"
    NOISY = "noisy"  # sensor noise, or dots as of a printed picture
    COMPRESSED = "compressed"  # blocks of a strong JPEG compression
    FEW_LEVELS = "few_levels"  # few grey levels: a fax, a photocopy, a halftone print
    CUT_OFF = "cut_off"  # part of the chest is outside the picture
    SCREEN_PHOTO = "screen_photo"  # a photograph of a monitor: moiré and perspective
    NOT_A_SCAN = "not_a_scan"
    LATERAL = "lateral"  # a lateral view; the model reads frontal views only
    OTHER_MODALITY = "other_modality"  # CT, ultrasound or another kind of scan, by the file's own words
    WRONG_BODY_PART = "wrong_body_part"  # a scan of another body part than chest or heart


class InferenceError(Exception):
    """Base of the errors that this package raises."""


class Refused(InferenceError):
    """The upload is rejected. Carries a reason code and no content of the upload."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class BundleError(InferenceError):
    """The model bundle cannot be used; the message is one sentence for the operator."""
