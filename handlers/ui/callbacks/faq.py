"""Callback data of the buttons of FAQ answers, and of those with which administrators teach the FAQ."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Page = Annotated[int, Field(ge=0, le=10_000)]


class WrongAnswer(CallbackData, prefix="nf"):
    """The answer was not the one asked for; `token` refers to the question where it was counted as unanswered."""

    token: str = ""


class ShowMisses(CallbackData, prefix="mp"):
    """A page of the questions without an answer."""

    page: Page


class MissAction(StrEnum):
    OPEN = "open"
    TOPICS = "topics"
    ENTRY = "entry"
    DISMISS = "dismiss"


class OnMiss(CallbackData, prefix="ms"):
    """A button below such a question."""

    action: MissAction
    miss_id: RowId


class TeachTopic(CallbackData, prefix="tt"):
    """Teach the question as a phrase of this topic; `sure`: in spite of objections."""

    miss_id: RowId
    topic: str
    sure: bool = False


class SaveEntry(CallbackData, prefix="te"):
    """Save the new entry in spite of objections."""


class ShowTaught(CallbackData, prefix="tp"):
    """A page of the taught content."""

    page: Page


class OnPhrase(CallbackData, prefix="ph"):
    """Open a taught phrase, or delete it."""

    phrase_id: RowId
    forget: bool = False


class OnTopic(CallbackData, prefix="ow"):
    """Open a taught topic, or delete it."""

    topic: str
    forget: bool = False
