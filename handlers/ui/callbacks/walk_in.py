"""Callback data of the buttons about walk-ins."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import ScanId


class WalkInAction(StrEnum):
    OPEN_FILE = "open_file"
    SEND_FILM = "send_film"
    CLAIM_SLIP = "claim_slip"
    REVOKE_SLIP = "revoke_slip"
    SIGNED_AGAIN = "signed_again"


class SignedConsent(CallbackData, prefix="pw"):
    """The signed consent lies at the desk: register the walk-in that stands above."""


class NoAllergies(CallbackData, prefix="na"):
    """The walk-in was asked and has none."""


class OnWalkIn(CallbackData, prefix="wi"):
    """A button of a walk-in's file."""

    action: WalkInAction
    patient_id: int = Field(ge=1, le=2**31 - 1)


class PrintReport(CallbackData, prefix="ho"):
    """Send the report of a walk-in as a file that can be printed."""

    scan_id: ScanId
