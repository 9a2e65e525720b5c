"""Typed input, parsed and checked."""

from collections.abc import Mapping
from typing import ClassVar, Final
from unicodedata import category, normalize

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.state import State
from aiogram.types import Message
from email_validator import EmailNotValidError, validate_email

from handlers.ui.replies import Handler
from models.plain_words import JOINERS, visible
from models.vocabulary import Sex
from workflow.errors import WorkflowError

TYPED_TEXT: Final = F.text & ~F.text.startswith("/")  # text that is no command
MAX_NAME: Final = 120  # characters
NAME_SIGNS: Final = " .'’-,/·"  # that names have besides letters
SEX_WORDS: Final[Mapping[Sex, tuple[str, ...]]] = {  # in small letters
    Sex.FEMALE: (
        *("female", "f", "woman", "girl", "lady", "பெண்", "pen", "penn", "pombala"),
        *("महिला", "औरत", "स्त्री", "लड़की", "mahila", "aurat", "ladki"),
    ),
    Sex.MALE: (
        *("male", "m", "man", "boy", "gents", "ஆண்", "aan", "aambala"),
        *("पुरुष", "आदमी", "मर्द", "लड़का", "purush", "aadmi", "mard", "ladka"),
    ),
    Sex.OTHER: ("other", "மற்றவை", "अन्य", "transgender", "திருநங்கை", "किन्नर"),
}


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


def parse_name(typed: str | None) -> str | None:
    """A person's name: letters of any script, spaces and `NAME_SIGNS`; None when anything else is left in it.

    Invisible signs are removed."""
    name = normalize("NFC", visible(typed or ""))
    letters = [one for one in name if category(one)[0] in "LM"]
    allowed = len(letters) + sum(one in NAME_SIGNS or one in JOINERS for one in name)
    fits = len(letters) >= 2 and len(name) <= MAX_NAME and allowed == len(name)
    return name if fits and category(name[0])[0] == "L" else None


def parse_phone(typed: str | None) -> str | None:
    """A telephone number of 8 to 15 digits, of any script, with a plus where it was typed; None when invalid."""
    text = (typed or "").strip()
    digits = "".join(str(int(sign)) for sign in text if sign.isdecimal())
    others = {sign for sign in text if not sign.isdecimal()} - set("+-()./ ")
    if others or len(digits) not in range(8, 16):
        return None
    return f"+{digits}" if text.startswith("+") else digits


def typed_sex(message: Message) -> dict[str, Sex] | bool:
    """A filter: the text names a sex, in any of the three languages or in Latin letters."""
    word = " ".join((message.text or "").split()).strip(" .!").casefold()
    found = next((sex for sex, words in SEX_WORDS.items() if word in words), None)
    return {"sex": found} if found else False


def parse_registration_number(typed: str | None) -> str | None:
    """A number of the professional register: 2 to 40 visible characters with a digit; None when invalid."""
    number = visible(typed or "")
    return number if 2 <= len(number) <= 40 and any(map(str.isdigit, number)) else None
