"""Callback data of the list of open help desk conversations."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field


class ShowDesk(CallbackData, prefix="dk"):
    """Turn to a page of the list of open conversations."""

    page: int = Field(ge=0, le=2**31 - 1)
