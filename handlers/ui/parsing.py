"""What people type, read as what it means; None where it means nothing."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.state import State
from email_validator import EmailNotValidError, validate_email

from handlers.ui.replies import Handler

WORDS: Final = F.text & ~F.text.startswith("/")  # no command
OLDEST: Final = 130  # years


def listen(router: Router, takers: Mapping[State, Handler]) -> None:
    """Who takes what is typed while a form is open; a command goes past it."""
    for state, taker in takers.items():
        router.message.register(taker, StateFilter(state), WORDS)


def email_in(typed: str | None) -> str | None:
    try:
        return validate_email((typed or "").strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def birthday_in(typed: str | None, today: date) -> date | None:
    """A date of birth as day, month, year; None when it is no day that a living person was born on."""
    numbers = (typed or "").replace("/", "-").replace(".", "-").split("-")
    try:
        first, month, last = (int(number) for number in numbers)
        born = date(first, month, last) if first > 31 else date(last, month, first)
    except ValueError:
        return None
    return born if today.year - OLDEST <= born.year and born <= today else None


def registration_number_in(typed: str | None) -> str | None:
    """As it stands on the certificate: 2 to 40 characters, a digit among them."""
    number = " ".join((typed or "").split())
    return number if 2 <= len(number) <= 40 and any(map(str.isdigit, number)) else None
