"""Callback data of the buttons about emergencies."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field


class AnswerUrgency(CallbackData, prefix="bn"):
    """Answer whether it is bad right now."""

    now: bool
    question_id: int = Field(ge=1, le=2**31 - 1)
