"""Callback data of the buttons about an account's data and chats."""

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

NO_NUMBER = 0


class CorrectSelf(CallbackData, prefix="me"):
    """Correct a part of one's own data."""

    field: str


class OtherAddress(CallbackData, prefix="oa"):
    """Type another address than the one whose code does not come."""


class WithoutEmail(CallbackData, prefix="we"):
    """Go on without an email address."""


class OfferChat(CallbackData, prefix="lk"):
    """Make a link for another chat."""


class ChooseNumber(CallbackData, prefix="cn"):
    """Sign in the browser that shows this number; `NO_NUMBER`: none of those offered."""

    code_id: int = Field(ge=1, le=2**31 - 1)
    number: int = Field(ge=0, le=99)


class DecideChat(CallbackData, prefix="dl"):
    """Link the chat that asks with this code, or refuse it."""

    code_id: int = Field(ge=1, le=2**31 - 1)
    yes: bool
