"""Callback data of the list of open help desk conversations, and of the voice notes in them."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field


class ShowDesk(CallbackData, prefix="dk"):
    """Turn to a page of the list of open conversations."""

    page: int = Field(ge=0, le=2**31 - 1)


class PlayVoice(CallbackData, prefix="vn"):
    """Play a voice note of the conversation."""

    note_id: int = Field(ge=1, le=2**31 - 1)
