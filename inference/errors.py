"""What can go wrong between bytes and a reading.

InferenceError
├── Refused       this upload is not read; the reason is a code, its sentence lives in the locales
└── BundleError   the model on disk is not the one its manifest describes; serving must not start
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a picture is refused. The codes are stable: scripts and locales rely on them."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    WRONG_FORMAT = "wrong_format"  # a picture or document, but neither JPEG, PNG nor DICOM
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TRAILING_DATA = "trailing_data"  # something else is glued behind the picture
    SUSPICIOUS = "suspicious"  # built to exhaust the reader: text bombs, hundreds of scans
    TOO_LARGE = "too_large"  # bytes
    TOO_HEAVY = "too_heavy"  # opening it took more time or memory than a scan needs
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    ANIMATED = "animated"
    MULTI_FRAME = "multi_frame"
    COLOUR_SPACE = "colour_space"  # CMYK and other print colours
    DICOM_SYNTAX = "dicom_syntax"  # a DICOM compression that this reader does not open
    BLANK = "blank"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOW_CONTRAST = "low_contrast"
    GLARE = "glare"  # a lamp's reflection, burnt white
    BLURRED = "blurred"
    CUT_OFF = "cut_off"  # a part of the chest is outside the picture
    SCREEN_PHOTO = "screen_photo"  # a photograph of a monitor, with its moiré and slant
    NOT_A_SCAN = "not_a_scan"
    LATERAL = "lateral"  # a chest from the side; the model reads frontal films alone
    WRONG_BODY_PART = "wrong_body_part"  # a scan, of something else than chest or heart


class InferenceError(Exception):
    """Anything this package raises on purpose."""


class Refused(InferenceError):
    """The upload is not read. Carries a code and never a word of the upload itself."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class BundleError(InferenceError):
    """The message is one sentence for the operator who starts the program."""
