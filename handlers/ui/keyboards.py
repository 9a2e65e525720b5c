"""Buttons: one typed class for each intention, and the keyboards made of them."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from pydantic import Field

from handlers.ui.texts import LANGUAGES, Texts
from models.tables.people import Role, Sex
from workflow.accounts.staff import Change

TEMPLATES: Final = ("fever", "cough", "oxygen", "antibiotic")  # ready prescriptions


ScanId = Annotated[int, Field(ge=1, le=2**31 - 1)]  # what the database can hold; a larger one is forged


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
    PREVIEW = "preview"
    PRELIMINARY = "preliminary"
    AMEND = "amend"
    ADDENDUM = "addendum"
    APPROVE_CHANGE = "approve_change"
    DECLINE_CHANGE = "decline_change"
    CRITICAL = "critical"
    HEARD = "heard"
    REACHED = "reached"


class OnCard(CallbackData, prefix="c"):
    """A button under the card of a scan."""

    action: CardAction
    scan_id: ScanId


class OnReading(CallbackData, prefix="d"):
    """A button under a draft: what it opens. Regions are opened by their names."""

    scan_id: ScanId
    opens: str


class Diagnose(CallbackData, prefix="dx"):
    """A reading ready to be taken over."""

    scan_id: ScanId
    name: str


class InRegion(CallbackData, prefix="rg"):
    """A phrase put in or taken out of a region; without a phrase the region is normal."""

    scan_id: ScanId
    region: str
    phrase: str = ""
    on: bool = True


class SetBand(CallbackData, prefix="bd"):
    """What the patient should do."""

    scan_id: ScanId
    band: str


class AmendBand(CallbackData, prefix="ab"):
    """What the patient should do, now that the report is changed."""

    band: str


class SayWhy(CallbackData, prefix="wy"):
    """A ready reason for agreeing or disagreeing with the model."""

    scan_id: ScanId
    name: str


class DeskAction(StrEnum):
    CLAIM = "claim"
    REPLY = "reply"
    CLOSE = "close"


class OnTicket(CallbackData, prefix="t"):
    """A button of the staff's side of a conversation."""

    action: DeskAction
    ticket_id: int = Field(ge=1, le=2**31 - 1)


class CallHuman(CallbackData, prefix="human"):
    """A person, please."""


class LeaveDesk(CallbackData, prefix="leave"):
    """No person needed any more; the conversation of this chat is meant, whichever it is."""


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
    """`token`: it was offered for a question that nothing answered surely."""

    topic: str
    token: str = ""


class SendAgain(CallbackData, prefix="again", sep="|"):
    """A delivery that failed, by its key, which holds colons."""

    key: str


class StopWhatsApp(CallbackData, prefix="nowa"):
    """No more reports to this telephone."""


class InviteTo(CallbackData, prefix="inv"):
    role: Role


class OpenMember(CallbackData, prefix="who"):
    """A member of the staff, from the list."""

    account_id: int = Field(ge=1, le=2**31 - 1)


class ManageMember(CallbackData, prefix="staff"):
    """Suspend, restore or another role; asks for a code."""

    account_id: int = Field(ge=1, le=2**31 - 1)
    change: Change


class Accept(CallbackData, prefix="join"):
    """Use the invitation that this chat was shown last."""


class ActAs(CallbackData, prefix="as"):
    """Act in another of my roles in this chat."""

    role: Role


class TurnModel(CallbackData, prefix="model"):
    """The kill switch."""

    on: bool


class Consent(CallbackData, prefix="agree"):
    """What the patient says to being asked for agreement."""

    agree: bool


class Unlink(CallbackData, prefix="unlink"):
    """Yes, this chat shall forget me."""


class ExportMe(CallbackData, prefix="export"):
    """Everything about me, please; asks for the password."""


class ForgetMe(CallbackData, prefix="forget"):
    """What would it come to, if I was to be forgotten?"""


class ConfirmForget(CallbackData, prefix="forget_yes"):
    """Yes, forget me; asks for the password."""


class Noted(CallbackData, prefix="noted"):
    """What was shown once is on paper: it may go."""


class EndSession(CallbackData, prefix="end"):
    """Sign this chat of mine out; my own chat stands for all the others."""

    chat_id: int = Field(ge=-(2**63), lt=2**63)


class ResendCode(CallbackData, prefix="resend"):
    """Mail the email-confirmation code once more."""


def rows(buttons: Iterable[tuple[str, CallbackData]], width: int = 2) -> InlineKeyboardMarkup:
    """Buttons side by side, `width` in a row."""
    made = [InlineKeyboardButton(text=label, callback_data=data.pack()) for label, data in buttons]
    return InlineKeyboardMarkup(inline_keyboard=[made[at : at + width] for at in range(0, len(made), width)])


def stack(*keyboards: InlineKeyboardMarkup) -> InlineKeyboardMarkup:
    """One above the other."""
    return InlineKeyboardMarkup(inline_keyboard=[row for one in keyboards for row in one.inline_keyboard])


def on_card(texts: Texts, scan_id: int, actions: Sequence[CardAction]) -> InlineKeyboardMarkup | None:
    buttons = [(texts.plain(f"button.{action}"), OnCard(action=action, scan_id=scan_id)) for action in actions]
    return rows(buttons) if buttons else None


def on_ticket(texts: Texts, ticket_id: int, actions: Sequence[DeskAction]) -> InlineKeyboardMarkup | None:
    buttons = [(texts.plain(f"button.{action}"), OnTicket(action=action, ticket_id=ticket_id)) for action in actions]
    return rows(buttons) if buttons else None


def leave_desk(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.leave_desk"), LeaveDesk())])


def accept(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.accept"), Accept())])


def act_as(texts: Texts, roles: Iterable[Role]) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.act_as", role=texts.plain(f"role.{role}")), ActAs(role=role)) for role in roles])


def skip(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.skip"), Skip())])


def consent(texts: Texts) -> InlineKeyboardMarkup:
    choices = [
        (texts.plain("button.agree"), Consent(agree=True)),
        (texts.plain("button.not_now"), Consent(agree=False)),
    ]
    return rows(choices)


def sexes(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"sex.{sex}"), ChooseSex(sex=sex)) for sex in Sex])


def languages(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"language.{code}"), ChooseLanguage(language=code)) for code in LANGUAGES], width=1)


def ready_reasons(texts: Texts, names: Sequence[str]) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"reason.{name}"), Reason(name=name)) for name in names], width=1)


def ready_prescriptions(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"template.{name}"), Quick(name=name)) for name in TEMPLATES])
