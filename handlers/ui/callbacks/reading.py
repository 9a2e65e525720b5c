"""Callback data of the ready readings, kept drafts and remarks of a reading (see `callbacks`)."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import ScanId


class AddReading(CallbackData, prefix="ar"):
    """Add a ready reading to the draft."""

    scan_id: ScanId
    name: str


class UsePhrase(CallbackData, prefix="up"):
    """Add an own phrase to the draft, by its number within the doctor's."""

    scan_id: ScanId
    number: int = Field(ge=1, le=2**31 - 1)


class DeletePhrase(CallbackData, prefix="dp"):
    """Delete an own phrase."""

    scan_id: ScanId
    number: int = Field(ge=1, le=2**31 - 1)


class StartFrom(CallbackData, prefix="sf"):
    """Begin again from a kept draft of another doctor, by its number within the scan."""

    scan_id: ScanId
    number: int = Field(ge=1, le=2**31 - 1)


class AmendBand(CallbackData, prefix="ab"):
    """Recommend an action to the patient in an amendment."""

    band: str


class SetModelComment(CallbackData, prefix="wy"):
    """A ready reason for agreeing or disagreeing with the model."""

    scan_id: ScanId
    name: str
