"""Callback data of the buttons about a reading that contradicts itself or the model."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import ScanId
from workflow.scans.draft_hash import DRAFT_HASH_DIGITS
from workflow.scans.reading import Reason


class GiveReason(CallbackData, prefix="gr"):
    """A ready reason for signing against the table of consistency, or without a critical result."""

    scan_id: ScanId
    about: Reason
    name: str


class SignDifferent(CallbackData, prefix="sd"):
    """Sign a reading that differs gravely from the model's answer, which was shown beside it."""

    scan_id: ScanId
    draft_hash: str = Field(pattern=f"^[0-9a-f]{{{DRAFT_HASH_DIGITS}}}$")
