"""Buttons that decide on somebody's words: each names what stood above it, and decides nothing else."""

from collections.abc import Sequence
from typing import Final

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup
from pydantic import Field

from handlers.ui.keyboards import CardAction, OnCard, ScanId, rows
from handlers.ui.texts import Texts
from models.tables.amendments import Amendment
from models.tables.scans import Scan
from workflow.reporting.content_hash import MARK, mark

SIGN: Final = {CardAction.VERIFY, CardAction.VERIFY_AGREE, CardAction.VERIFY_DISAGREE, CardAction.COMPLETE}
DECIDE: Final = (CardAction.APPROVE_CHANGE, CardAction.DECLINE_CHANGE)


class OnWords(CallbackData, prefix="w"):
    """A button that signs: with the mark of the words above it."""

    action: CardAction
    scan_id: ScanId
    seen: str = Field(pattern=f"^[0-9a-f]{{{MARK}}}$")


class OnChange(CallbackData, prefix="ch"):
    """A button under what a doctor asks to change in a report: which of the scan's changes it decides."""

    action: CardAction
    scan_id: ScanId
    number: int = Field(ge=1, le=2**31 - 1)


def press(scan: Scan, action: CardAction) -> OnCard | OnWords:
    """What a button sends that stands below this scan as it is now."""
    if action in SIGN:
        return OnWords(action=action, scan_id=scan.id, seen=mark(scan))
    return OnCard(action=action, scan_id=scan.id)


def under(scan: Scan, actions: Sequence[CardAction], texts: Texts) -> InlineKeyboardMarkup | None:
    buttons = [(texts.plain(f"button.{action}"), press(scan, action)) for action in actions]
    return rows(buttons) if buttons else None


def opens_change(change: Amendment) -> OnChange:
    return OnChange(action=CardAction.OPEN, scan_id=change.scan_id, number=change.number)


def on_change(texts: Texts, scan_id: int, number: int) -> InlineKeyboardMarkup:
    return rows(
        [(texts.plain(f"button.{one}"), OnChange(action=one, scan_id=scan_id, number=number)) for one in DECIDE]
    )
