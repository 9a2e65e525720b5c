"""Buttons that decide on somebody's words: each names what stood above it, and decides nothing else."""

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup
from pydantic import Field

from handlers.keyboards import CardAction, ScanId, rows
from handlers.texts import Texts


class OnChange(CallbackData, prefix="ch"):
    """A button under what a doctor asks to change in a report: which of the scan's changes it decides."""

    action: CardAction
    scan_id: ScanId
    number: int = Field(ge=1, le=2**31 - 1)


def on_change(texts: Texts, scan_id: int, number: int) -> InlineKeyboardMarkup:
    decides = (CardAction.APPROVE_CHANGE, CardAction.DECLINE_CHANGE)
    return rows(
        [(texts.plain(f"button.{one}"), OnChange(action=one, scan_id=scan_id, number=number)) for one in decides]
    )
