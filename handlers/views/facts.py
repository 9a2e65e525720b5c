"""A patient's facts in the reader's language, and the buttons of the questions about them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.callbacks import Skip
from handlers.ui.keyboards import rows
from handlers.ui.prescription_callbacks import AnswerFacts, ChooseFact
from handlers.ui.texts import Html, Texts


def facts_block(facts: Mapping[str, Any] | None, texts: Texts, fit: Callable[[str], str] = str) -> Html:
    """One line for a card; it says so when nothing is known."""
    if not facts:
        return texts("facts.unknown")
    return texts("facts.card", facts=Html(" · ".join(_parts(facts, texts, fit))))


def offer_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows(
        [
            (texts.plain("button.fact_answer"), AnswerFacts(now=True)),
            (texts.plain("button.not_now"), AnswerFacts(now=False)),
        ]
    )


def edit_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.facts"), AnswerFacts(now=True))])


def none_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return _choices(texts, ["none"])


def pregnancy_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return _choices(texts, ["pregnant", "breastfeeding", "none"])


def organs_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return _choices(texts, ["kidney", "liver", "both", "none"])


def _choices(texts: Texts, values: Sequence[str]) -> InlineKeyboardMarkup:
    buttons = [(texts.plain(f"button.fact_{value}"), ChooseFact(value=value)) for value in values]
    return rows([*buttons, (texts.plain("button.skip"), Skip())])


def _parts(facts: Mapping[str, Any], texts: Texts, fit: Callable[[str], str]) -> Sequence[Html]:
    shown = []
    for name, value in facts.items():
        if value is None:
            continue
        if name == "weight_kg":
            said: str = texts.plain("facts.kilograms", weight=value)
        elif isinstance(value, list):
            said = fit(", ".join(value)) or texts.plain("facts.none")
        else:
            said = texts.plain("facts.yes" if value in {True, "impaired"} else "facts.no")
        shown.append(texts("facts.part", name=texts(f"fact.{name}"), value=said))
    return shown
