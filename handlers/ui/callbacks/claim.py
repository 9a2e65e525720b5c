"""Callback data of the buttons about claims."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import ScanId


class TakeOver(CallbackData, prefix="to"):
    """Take a scan over from this holder, after being asked."""

    scan_id: ScanId
    holder: int = Field(ge=1, le=2**31 - 1)
