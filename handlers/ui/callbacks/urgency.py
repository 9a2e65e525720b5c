"""Callback data of the buttons about emergencies."""

from typing import Final

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from handlers.ui.callbacks import DeskAction

ALARM_ACTIONS: Final = (DeskAction.NO_EMERGENCY, DeskAction.MUTE)  # of staff, for an emergency


class AnswerUrgency(CallbackData, prefix="bn"):
    """Answer whether it is bad right now."""

    now: bool
    question_id: int = Field(ge=1, le=2**31 - 1)
