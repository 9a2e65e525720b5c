"""Callback data of the ready readings (see `callbacks`)."""

from aiogram.filters.callback_data import CallbackData

from handlers.ui.callbacks import ScanId


class AddReading(CallbackData, prefix="ar"):
    """Add a ready reading to the draft."""

    scan_id: ScanId
    name: str
