"""The buttons of whoever teaches the FAQ."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup
from pydantic import Field

from handlers.shared.my_case import Buttons
from handlers.ui import keyboards

PAGE: Final = 6  # lines of a list

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Page = Annotated[int, Field(ge=0, le=10_000)]


class ShowMisses(CallbackData, prefix="mp"):
    """A page of the questions that the FAQ did not know."""

    page: Page


class MissAction(StrEnum):
    OPEN = "open"
    TOPICS = "topics"
    ENTRY = "entry"
    DISMISS = "dismiss"


class OnMiss(CallbackData, prefix="ms"):
    """A button under such a question."""

    action: MissAction
    miss_id: RowId


class TeachTopic(CallbackData, prefix="tt"):
    """The question is a phrase of this topic; `sure` in spite of what speaks against it."""

    miss_id: RowId
    topic: str
    sure: bool = False


class SaveEntry(CallbackData, prefix="te"):
    """The new entry that is being written, in spite of what speaks against it."""


class ShowTaught(CallbackData, prefix="tp"):
    """A page of what administrators taught."""

    page: Page


class OnPhrase(CallbackData, prefix="ph"):
    """A taught phrase: open it, or forget it."""

    phrase_id: RowId
    forget: bool = False


class OnTopic(CallbackData, prefix="ow"):
    """An administrator's topic: open it, or forget it."""

    topic: str
    forget: bool = False


def pages(opens: Buttons, page: int, total: int, turn: Callable[..., CallbackData]) -> InlineKeyboardMarkup:
    """A button for each line of this page, and the ways to the pages beside it."""
    turns: Buttons = [("⬅️", turn(page=page - 1))] if page else []
    turns += [("➡️", turn(page=page + 1))] if total > (page + 1) * PAGE else []
    return keyboards.stack(keyboards.rows(opens, width=PAGE), keyboards.rows(turns))
