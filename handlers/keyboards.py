"""Buttons: one typed class for each intention, and the keyboards made of them."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from pydantic import Field

from handlers.texts import Texts
from models.people import Role, Sex


class CardAction(StrEnum):
    OPEN = "open"
    ANALYSE = "analyse"
    HEAT_MAP = "heat_map"
    PICTURE = "picture"
    FINDINGS = "findings"
    VERIFY = "verify"
    VERIFY_AGREE = "verify_agree"
    VERIFY_DISAGREE = "verify_disagree"
    BETTER = "better"
    PRESCRIBE = "prescribe"
    NO_MEDICINE = "no_medicine"
    COMPLETE = "complete"
    APPROVE = "approve"
    REJECT = "reject"
    READ_ALL = "read_all"
    REPORT = "report"


class OnCard(CallbackData, prefix="c"):
    """A button under the card of a scan."""

    action: CardAction
    scan_id: int = Field(ge=1, le=2**31 - 1)  # what the database can hold; a larger one is forged


class Skip(CallbackData, prefix="skip"):
    """Nothing to say to the question asked last."""


class Reason(CallbackData, prefix="why"):
    """A ready reason for asking for a better picture."""

    name: str


class Quick(CallbackData, prefix="rx"):
    """A prescription ready to be taken over."""

    name: str


class ChooseSex(CallbackData, prefix="sex"):
    sex: Sex


class ChooseLanguage(CallbackData, prefix="lang"):
    language: str


class ChooseTopic(CallbackData, prefix="faq"):
    topic: str


class InviteTo(CallbackData, prefix="inv"):
    role: Role


class Accept(CallbackData, prefix="join"):
    """Use the invitation that this chat was shown last."""


class TurnModel(CallbackData, prefix="model"):
    """The kill switch."""

    on: bool


class Unlink(CallbackData, prefix="unlink"):
    """Yes, this chat shall forget me."""


class ResendCode(CallbackData, prefix="resend"):
    """Mail the email-confirmation code once more."""


def rows(buttons: Iterable[tuple[str, CallbackData]], width: int = 2) -> InlineKeyboardMarkup:
    """Buttons side by side, `width` in a row."""
    made = [InlineKeyboardButton(text=label, callback_data=data.pack()) for label, data in buttons]
    return InlineKeyboardMarkup(inline_keyboard=[made[at : at + width] for at in range(0, len(made), width)])


def on_card(texts: Texts, scan_id: int, actions: Sequence[CardAction]) -> InlineKeyboardMarkup | None:
    buttons = [(texts.plain(f"button.{action}"), OnCard(action=action, scan_id=scan_id)) for action in actions]
    return rows(buttons) if buttons else None


def skip(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.skip"), Skip())])


def sexes(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"sex.{sex}"), ChooseSex(sex=sex)) for sex in Sex])


def languages(texts: Texts, available: Sequence[str]) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"language.{code}"), ChooseLanguage(language=code)) for code in available], width=1)


def ready_reasons(texts: Texts, names: Sequence[str]) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"reason.{name}"), Reason(name=name)) for name in names], width=1)


def ready_prescriptions(texts: Texts, names: Sequence[str]) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"template.{name}"), Quick(name=name)) for name in names])
