"""A patient's facts in the reader's language, and the buttons of the questions about them and about the complaint."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.callbacks import Skip
from handlers.ui.callbacks.account import CorrectSelf
from handlers.ui.callbacks.form import ChooseSince, ComplaintDone, DescribeScan, ToggleComplaint
from handlers.ui.callbacks.prescription import AnswerFacts, ChooseFact, ConfirmFacts, ToggleCondition
from handlers.ui.keyboards import Buttons, rows, stack
from handlers.ui.texts import Html, Texts
from workflow.scans.patient_facts import CONDITIONS

COMPLAINTS: Final = ("cough", "fever", "breathless", "chest_pain", "check_up")
OTHER: Final = "other"  # asks to type it
SINCE: Final = ("today", "days", "weeks", "months")
CORRECTABLE: Final = ("name", "birthday", "sex", "phone", "email")  # fields of `CorrectSelf`


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


def confirm_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    """For facts that are older than 30 days."""
    return rows(
        [
            (texts.plain("button.fact_as_before"), ConfirmFacts()),
            (texts.plain("button.fact_changed"), AnswerFacts(now=True)),
            (texts.plain("button.not_now"), AnswerFacts(now=False)),
        ]
    )


def edit_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    """Below /me: the facts, and each part of one's own data that can be corrected."""
    parts: Buttons = [(texts.plain(f"button.correct_{field}"), CorrectSelf(field=field)) for field in CORRECTABLE]
    return stack(rows([(texts.plain("button.facts"), AnswerFacts(now=True))]), rows(parts))


def none_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return _choices(texts, ["none"])


def pregnancy_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return _choices(texts, ["pregnant", "breastfeeding", "none"])


def conditions_keyboard(texts: Texts, chosen: Collection[str] = ()) -> InlineKeyboardMarkup:
    """Each illness, marked when it is chosen; then none or done, and skip."""
    illnesses: Buttons = [
        (("✅ " if name in chosen else "") + condition_name(name, texts), ToggleCondition(index=index))
        for index, name in enumerate(CONDITIONS)
    ]
    return stack(rows(illnesses), _choices(texts, ["done" if chosen else "none"]))


def condition_name(name: str, texts: Texts) -> str:
    """An illness in the reader's language; one that was typed as it is."""
    return texts.plain(f"condition.{name.replace(' ', '_')}") if name in CONDITIONS else name


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
            named = [condition_name(one, texts) for one in value] if name == "conditions" else value
            said = fit(", ".join(named)) or texts.plain("facts.none")
        else:
            said = texts.plain("facts.yes" if value in {True, "impaired"} else "facts.no")
        shown.append(texts("facts.part", name=texts(f"fact.{name}"), value=said))
    return shown


def complaint_keyboard(texts: Texts, chosen: Collection[str] = ()) -> InlineKeyboardMarkup:
    """Each ready complaint, marked when it is chosen; something else; then done, or skip."""
    ready: Buttons = [
        (("✅ " if name in chosen else "") + texts.plain(f"complaint.{name}"), ToggleComplaint(name=name))
        for name in (*COMPLAINTS, OTHER)
    ]
    done: Buttons = [(texts.plain("complaint.done"), ComplaintDone())]
    return stack(rows(ready), rows(done if chosen else [(texts.plain("button.skip"), Skip())]))


def describe_keyboard(texts: Texts, scan_id: int) -> InlineKeyboardMarkup:
    """For a scan that came from the patient's page."""
    return rows([(texts.plain("button.describe"), DescribeScan(scan_id=scan_id))])


def since_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    ready: Buttons = [(texts.plain(f"since.{name}"), ChooseSince(name=name)) for name in SINCE]
    return rows([*ready, (texts.plain("button.skip"), Skip())])
