"""Callback data of the buttons about a patient's earlier scans."""

from aiogram.filters.callback_data import CallbackData

from handlers.ui.callbacks import ScanId


class CompareWith(CallbackData, prefix="cw"):
    """Show a film beside this earlier one of the same patient."""

    scan_id: ScanId
    earlier_id: ScanId
