"""Callback data of the button that leads back to the open form, and of those that answer the complaint's form."""

from aiogram.filters.callback_data import CallbackData

from handlers.ui.callbacks import ScanId


class BackToForm(CallbackData, prefix="fm"):
    """Ask the question of the open form again."""


class DescribeScan(CallbackData, prefix="dc"):
    """Say what troubles the patient whose scan came from their page."""

    scan_id: ScanId


class ToggleComplaint(CallbackData, prefix="cm"):
    """Choose or unchoose a ready complaint."""

    name: str


class ComplaintDone(CallbackData, prefix="cd"):
    """The chosen complaints are all."""


class ChooseSince(CallbackData, prefix="si"):
    """Since when: today, for days, weeks or months."""

    name: str
