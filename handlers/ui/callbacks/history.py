"""Callback data of the buttons about patients and their earlier scans."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import ScanId


class CompareWith(CallbackData, prefix="cw"):
    """Show a film beside this earlier one of the same patient."""

    scan_id: ScanId
    earlier_id: ScanId


class OpenPatient(CallbackData, prefix="pt"):
    """Show a patient's story."""

    account_id: int = Field(ge=1, le=2**31 - 1)


class SamePicture(CallbackData, prefix="sp"):
    """Whether a picture is that of an earlier scan."""

    scan_id: ScanId
    same: bool


class CloseAsSame(CallbackData, prefix="sc"):
    """Close a scan as the same picture as an earlier one."""

    scan_id: ScanId
