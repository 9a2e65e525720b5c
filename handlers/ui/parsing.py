"""Typed input, parsed and checked."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.state import State
from aiogram.types import Message
from email_validator import EmailNotValidError, validate_email

from handlers.ui.replies import Handler
from workflow.errors import WorkflowError

TYPED_TEXT: Final = F.text & ~F.text.startswith("/")  # text that is no command
MAX_AGE: Final = 130  # years


class TooLong(WorkflowError):
    """The typed text is longer than `most` characters."""

    key: ClassVar[str] = "reading.too_long"


def register_answers(router: Router, handlers: Mapping[State, Handler]) -> None:
    """Register the handler of the text typed in each state; commands are not text."""
    for state, handler in handlers.items():
        router.message.register(handler, StateFilter(state), TYPED_TEXT)


def typed_text(message: Message, most: int) -> str:
    """Text of the message, stripped. Raises TooLong above `most` characters."""
    return check_length((message.text or "").strip(), most)


def check_length(text: str, most: int) -> str:
    """Return the text. Raises TooLong above `most` characters."""
    if len(text) > most:
        raise TooLong(most=most)
    return text


def parse_email(typed: str | None) -> str | None:
    """The normalized address in lower case; None when it is invalid."""
    try:
        return validate_email((typed or "").strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def parse_birthday(typed: str | None, today: date) -> date | None:
    """A date as day, month, year or year, month, day; None when invalid, in the future, or above MAX_AGE years ago."""
    numbers = (typed or "").replace("/", "-").replace(".", "-").split("-")
    try:
        first, month, last = (int(number) for number in numbers)
        born = date(first, month, last) if first > 31 else date(last, month, first)
    except ValueError:
        return None
    return born if today.year - MAX_AGE <= born.year and born <= today else None


def parse_registration_number(typed: str | None) -> str | None:
    """A number of the professional register: 2 to 40 characters with a digit; None when invalid."""
    number = " ".join((typed or "").split())
    return number if 2 <= len(number) <= 40 and any(map(str.isdigit, number)) else None
