"""Keyboards: inline ones, and the keys that share the own number."""

from collections.abc import Iterable, Sequence
from typing import Final

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup, WebAppInfo

from handlers.ui.callbacks import (
    AMENDMENT_DECISIONS,
    SIGNING_ACTIONS,
    AcceptInvitation,
    CardAction,
    ChooseLanguage,
    ChooseSex,
    Consent,
    CorrectBirth,
    DeskAction,
    LeaveDesk,
    OnAmendment,
    OnCard,
    OnTicket,
    ResendCode,
    RetakeReason,
    SignText,
    Skip,
    SwitchRole,
)
from handlers.ui.callbacks.account import OtherAddress, WithoutEmail
from handlers.ui.callbacks.claim import TakeOver
from handlers.ui.callbacks.desk import PlayVoice
from handlers.ui.callbacks.family import NewPerson
from handlers.ui.callbacks.form import BackToForm
from handlers.ui.callbacks.prescription import PickMedicine, UseTemplate
from handlers.ui.callbacks.urgency import AnswerUrgency
from handlers.ui.texts import LANGUAGES, Texts
from models.tables.amendments import Amendment
from models.tables.desk import TicketMessage
from models.tables.scans import Scan
from models.vocabulary import Role, Sex
from workflow.scans.draft_hash import draft_hash

PRESCRIPTION_TEMPLATES: Final = ("fever", "cough", "oxygen", "antibiotic")
Buttons = list[tuple[str, CallbackData]]  # label and callback data


def rows(buttons: Iterable[tuple[str, CallbackData]], width: int = 2) -> InlineKeyboardMarkup:
    """Buttons in rows of `width`."""
    keys = [InlineKeyboardButton(text=label, callback_data=data.pack()) for label, data in buttons]
    return InlineKeyboardMarkup(inline_keyboard=[keys[at : at + width] for at in range(0, len(keys), width)])


def stack(*keyboards: InlineKeyboardMarkup) -> InlineKeyboardMarkup:
    """Keyboards one below the other."""
    return InlineKeyboardMarkup(inline_keyboard=[row for one in keyboards for row in one.inline_keyboard])


def action_keyboard(texts: Texts, scan_id: int, actions: Sequence[CardAction]) -> InlineKeyboardMarkup | None:
    """Buttons for actions on a scan that sign nothing; None without actions."""
    buttons = [(texts.plain(f"button.{action}"), OnCard(action=action, scan_id=scan_id)) for action in actions]
    return rows(buttons) if buttons else None


def ticket_keyboard(texts: Texts, ticket_id: int, actions: Sequence[DeskAction]) -> InlineKeyboardMarkup | None:
    buttons = [(texts.plain(f"button.{action}"), OnTicket(action=action, ticket_id=ticket_id)) for action in actions]
    return rows(buttons) if buttons else None


def play_keyboard(messages: Iterable[TicketMessage]) -> InlineKeyboardMarkup:
    """A button for each voice note among the messages of a conversation."""
    return rows([(one.text, PlayVoice(note_id=one.voice.id)) for one in messages if one.voice], width=4)


def claim_keyboard(ticket_ids: Iterable[int]) -> InlineKeyboardMarkup:
    """A button for each ticket of a list, four in a row."""
    buttons = [(f"#{one}", OnTicket(action=DeskAction.CLAIM, ticket_id=one)) for one in ticket_ids]
    return rows(buttons, width=4)


def bad_now(texts: Texts, question_id: int) -> InlineKeyboardMarkup:
    answers = ((texts.plain("button.bad_now"), True), (texts.plain("button.not_now_days"), False))
    return rows([(label, AnswerUrgency(now=now, question_id=question_id)) for label, now in answers])


def back_to_form(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.back_to_form"), BackToForm())])


def missing_code(texts: Texts, invited: bool) -> InlineKeyboardMarkup:
    """Ways on where a mailed code does not come; the staff, who come with an invitation, need an address."""
    ways: Buttons = [
        (texts.plain("button.resend"), ResendCode()),
        (texts.plain("button.other_address"), OtherAddress()),
    ]
    return rows(ways if invited else [*ways, (texts.plain("button.without_email"), WithoutEmail())])


def leave_desk(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.leave_desk"), LeaveDesk())])


def accept_invitation(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.accept"), AcceptInvitation())])


def switch_role(texts: Texts, roles: Iterable[Role]) -> InlineKeyboardMarkup:
    return rows(
        [(texts.plain("button.act_as", role=texts.plain(f"role.{role}")), SwitchRole(role=role)) for role in roles]
    )


def take_over(texts: Texts, scan_id: int, holder: int) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.take_over_yes"), TakeOver(scan_id=scan_id, holder=holder))])


def skip(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.skip"), Skip())])


def consent(texts: Texts) -> InlineKeyboardMarkup:
    choices = [
        (texts.plain("button.agree"), Consent(agree=True)),
        (texts.plain("button.not_now"), Consent(agree=False)),
    ]
    return stack(rows(choices), rows([(texts.plain("button.other_person"), NewPerson())]))


def sexes(texts: Texts) -> InlineKeyboardMarkup:
    """The sexes, and the way back to the birth date that stands above them."""
    return stack(sex_choice(texts), rows([(texts.plain("button.correct_birth"), CorrectBirth())]))


def sex_choice(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.label(f"sex.{sex}"), ChooseSex(sex=sex)) for sex in Sex])


def share_number(texts: Texts) -> ReplyKeyboardMarkup:
    """The key that shares the person's own number."""
    return _keys([_number_key(texts)])


def share_number_or_email(texts: Texts) -> ReplyKeyboardMarkup:
    return _keys([_number_key(texts), KeyboardButton(text=texts.plain("button.with_email"))])


def _number_key(texts: Texts) -> KeyboardButton:
    return KeyboardButton(text=texts.plain("whatsapp.share"), request_contact=True)


def _keys(keys: Sequence[KeyboardButton]) -> ReplyKeyboardMarkup:
    return ReplyKeyboardMarkup(keyboard=[[key] for key in keys], resize_keyboard=True, one_time_keyboard=True)


def languages(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"language.{code}"), ChooseLanguage(language=code)) for code in LANGUAGES], width=1)


def retake_reasons(texts: Texts, ready: Sequence[str]) -> InlineKeyboardMarkup | None:
    """The ready reasons; None where there is none."""
    named: Buttons = [(texts.plain(f"reason.{name}"), RetakeReason(name=name)) for name in ready]
    return rows(named, width=1) if named else None


def prescription_templates(texts: Texts, ready: Iterable[str]) -> InlineKeyboardMarkup:
    """The ready lines that fit the patient, and the way to pick another."""
    named: Buttons = [(texts.plain(f"template.{name}"), UseTemplate(name=name)) for name in ready]
    return rows([*named, (texts.plain("button.pick"), PickMedicine())])


def button_data(scan: Scan, action: CardAction) -> OnCard | SignText:
    """Callback data for an action; signing actions carry the hash of the draft as it is now."""
    if action in SIGNING_ACTIONS:
        return SignText(action=action, scan_id=scan.id, draft_hash=draft_hash(scan))
    return OnCard(action=action, scan_id=scan.id)


def card_keyboard(
    scan: Scan, actions: Sequence[CardAction], texts: Texts, viewer: str | None = None
) -> InlineKeyboardMarkup | None:
    """Buttons for actions on a scan as it is now, below one that opens the viewer's address; None without any."""
    outlined = {CardAction.HEAT_MAP: "outlines"} if scan.finding and scan.finding.heart else {}
    buttons = [(texts.plain(f"button.{outlined.get(action, action)}"), button_data(scan, action)) for action in actions]
    if viewer is None:
        return rows(buttons) if buttons else None
    opens = InlineKeyboardButton(text=texts.plain("button.viewer"), web_app=WebAppInfo(url=viewer))
    return stack(InlineKeyboardMarkup(inline_keyboard=[[opens]]), rows(buttons))


def page_keyboard(texts: Texts, base_url: str, scan_id: int | None = None) -> InlineKeyboardMarkup:
    """The button that opens the patient's own page inside Telegram, or a scan there."""
    address = f"{base_url}/my/enter" + (f"?scan={scan_id}" if scan_id is not None else "")
    opens = InlineKeyboardButton(text=texts.plain("button.page"), web_app=WebAppInfo(url=address))
    return InlineKeyboardMarkup(inline_keyboard=[[opens]])


def open_amendment(change: Amendment) -> OnAmendment:
    return OnAmendment(action=CardAction.OPEN, scan_id=change.scan_id, number=change.number)


def amendment_keyboard(texts: Texts, scan_id: int, number: int) -> InlineKeyboardMarkup:
    return rows(
        [
            (texts.plain(f"button.{one}"), OnAmendment(action=one, scan_id=scan_id, number=number))
            for one in AMENDMENT_DECISIONS
        ]
    )
