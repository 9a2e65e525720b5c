"""Callback data of the desk: its open conversations, the voice notes in them, and its opening hours."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field


class ShowDesk(CallbackData, prefix="dk"):
    """Turn to a page of the list of open conversations."""

    page: int = Field(ge=0, le=2**31 - 1)


class PlayVoice(CallbackData, prefix="vn"):
    """Play a voice note of the conversation."""

    note_id: int = Field(ge=1, le=2**31 - 1)


class HoursAction(StrEnum):
    DAY = "day"
    CLOSE = "close"
    ADD = "add"
    REMOVE = "remove"


class ChangeHours(CallbackData, prefix="oh"):
    """Change the hours of a weekday (from Monday, 0, on), or add or remove a holiday by the number of its row."""

    action: HoursAction
    number: int = Field(ge=0, le=2**31 - 1)
