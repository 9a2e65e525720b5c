"""Callback data and deep link of "This was not me"."""

from typing import Final

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

NOT_ME_PREFIX: Final = "notme_"  # of the payload of a deep link


class NotMe(CallbackData, prefix="nm"):
    """Deny a change of what opens the account."""

    change_id: int = Field(ge=1, le=2**31 - 1)
