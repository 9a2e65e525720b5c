"""Callback data of the buttons about an account's data and chats."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field


class CorrectSelf(CallbackData, prefix="me"):
    """Correct a part of one's own data."""

    field: str


class OfferChat(CallbackData, prefix="lk"):
    """Make a link for another chat."""


class DecideChat(CallbackData, prefix="dl"):
    """Link the chat that asks with this code, or refuse it."""

    code_id: int = Field(ge=1, le=2**31 - 1)
    yes: bool
