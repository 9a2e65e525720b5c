"""The question and keyboard of each state of a form."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, ReplyKeyboardMarkup

from handlers.ui import keyboards
from handlers.ui.desk_forms import SettingHours
from handlers.ui.file_forms import AddingPerson, Claiming, WalkingIn
from handlers.ui.forms import (
    Amending,
    AnsweringTicket,
    Changing,
    Clarifying,
    Consenting,
    Correcting,
    Describing,
    Enrolling,
    Erasing,
    Exporting,
    FindingPatient,
    GivingFacts,
    Joining,
    Linking,
    Managing,
    Prescribing,
    Registering,
    Rejecting,
    Resetting,
    Teaching,
    Unlocking,
    WritingFindings,
)
from handlers.ui.replies import message_of, show_toast
from handlers.ui.texts import Html, Texts
from handlers.views import clarifications, facts
from handlers.views.desk import hours
from handlers.views.files import family, walk_ins
from handlers.views.paging import join_blocks
from handlers.views.prescription import prescription_keyboard
from handlers.views.reading import draft
from workflow.accounts.passwords import MIN_LENGTH
from workflow.unit_of_work import UnitOfWork

Keyboard = Callable[..., InlineKeyboardMarkup | ReplyKeyboardMarkup | None]


class Question(NamedTuple):
    """Key of the sentence and its keyboard, built from the language and the named `parameters`."""

    key: str
    keyboard: Keyboard | None = None
    parameters: tuple[str, ...] = ()


READY: Final = ("scan", "modality", "recent")  # parameters of the keyboard of ready readings
QUESTIONS: Final[Mapping[State, Question]] = {
    Registering.contact: Question("register.contact", keyboards.share_number_or_email),
    Registering.name: Question("register.name"),
    Registering.email: Question("register.email"),
    Registering.code: Question("register.code", keyboards.missing_code, ("invited",)),
    Registering.password: Question("register.password"),
    Registering.birth: Question("register.birth", keyboards.skip),
    Registering.sex: Question("register.sex", keyboards.sexes),
    Registering.language: Question("language.ask", keyboards.languages),
    Registering.number: Question("register.number"),
    Joining.number: Question("register.number"),
    Managing.number: Question("staff.number"),
    Linking.email: Question("link.email"),
    Linking.password: Question("link.password"),
    Linking.code: Question("link.code"),
    Unlocking.password: Question("unlock.password"),
    Unlocking.contact: Question("unlock.contact", keyboards.share_number),
    Enrolling.password: Question("unlock.password"),
    Enrolling.code: Question("authenticator.code"),
    Enrolling.removal: Question("authenticator.removal"),
    Exporting.password: Question("export.password"),
    Exporting.contact: Question("export.contact", keyboards.share_number),
    Erasing.password: Question("forget.password"),
    Erasing.contact: Question("forget.contact", keyboards.share_number),
    Correcting.name: Question("register.name"),
    Correcting.birth: Question("register.birth"),
    Correcting.sex: Question("register.sex", keyboards.sex_choice),
    Correcting.phone: Question("correct.phone", keyboards.share_number),
    Correcting.password: Question("password.current"),
    Correcting.contact: Question("correct.contact", keyboards.share_number),
    Correcting.email: Question("register.email"),
    Correcting.code: Question("register.code", keyboards.missing_code, ("invited",)),
    Correcting.new_password: Question("register.password"),
    Changing.current: Question("password.current"),
    Changing.new: Question("password.new"),
    Resetting.email: Question("link.email"),
    Resetting.code: Question("reset.code"),
    Resetting.factor: Question("reset.factor"),
    Resetting.new: Question("password.new"),
    Consenting.asked: Question("consent.ask", keyboards.consent),
    Describing.complaint: Question("scan.complaint", facts.complaint_keyboard),
    Describing.since: Question("scan.since", facts.since_keyboard),
    WritingFindings.own_reading: Question("reading.own_reading", draft.diagnosis_keyboard, READY),
    WritingFindings.findings: Question("reading.findings", draft.diagnosis_keyboard, READY),
    WritingFindings.impression: Question("reading.impression", keyboards.skip),
    WritingFindings.recommendations: Question("reading.recommendations", keyboards.skip),
    WritingFindings.region: Question("reading.region"),
    WritingFindings.why: Question("reading.why", draft.model_comment_keyboard, ("scan",)),
    WritingFindings.conclusion: Question("reading.conclusion"),
    WritingFindings.override: Question("conflict.type_override"),
    WritingFindings.no_alert: Question("conflict.type_no_alert"),
    WritingFindings.proposal: Question("proposal.ask"),
    WritingFindings.phrase_name: Question("phrase.ask_name"),
    Amending.reason: Question("amend.reason"),
    Amending.findings: Question("amend.findings"),
    Amending.impression: Question("reading.impression", keyboards.skip),
    Amending.recommendations: Question("amend.recommendations", keyboards.skip),
    Amending.band: Question("amend.band", draft.band_keyboard),
    Amending.override: Question("amend.override", draft.band_keyboard),
    Amending.addendum: Question("amend.addendum"),
    GivingFacts.allergies: Question("facts.allergies", facts.none_keyboard),
    GivingFacts.current: Question("facts.current", facts.none_keyboard),
    GivingFacts.pregnancy: Question("facts.pregnancy", facts.pregnancy_keyboard),
    GivingFacts.weight: Question("facts.weight", keyboards.skip),
    GivingFacts.conditions: Question("facts.conditions", facts.conditions_keyboard),
    GivingFacts.organs: Question("facts.organs", facts.organs_keyboard),
    Prescribing.lines: Question("prescribe.ask", prescription_keyboard, ("scan", "ready", "is_proposed")),
    Prescribing.reason: Question("alert.ask_reason"),
    Prescribing.change: Question("prescribe.type_anew"),
    Prescribing.picking: Question("pick.ask"),
    Clarifying.doctor: Question("clarify.type_to_doctor", clarifications.cancel_keyboard),
    Clarifying.patient: Question("clarify.type_to_patient", clarifications.ready_keyboard, ("ready",)),
    Clarifying.answer: Question("clarify.type_answer", clarifications.cancel_keyboard),
    Rejecting.reason: Question("reject.reason", keyboards.retake_reasons, ("ready",)),
    AnsweringTicket.reply: Question("desk.write"),
    SettingHours.weekday: Question("hours.ask_weekday", hours.closed_keyboard, ("weekday",)),
    SettingHours.holiday: Question("hours.ask_holiday"),
    SettingHours.name: Question("hours.ask_name"),
    SettingHours.hours: Question("hours.ask_hours", hours.closed_keyboard, ("weekday",)),
    FindingPatient.query: Question("patient.ask"),
    Teaching.title: Question("teach.title"),
    Teaching.other: Question("teach.other", keyboards.skip),
    Teaching.answer: Question("teach.answer"),
    Teaching.phrases: Question("teach.phrases", keyboards.skip),
    Claiming.contact: Question("claim.contact", keyboards.share_number),
    Claiming.birth: Question("claim.birth"),
    AddingPerson.name: Question("family.name"),
    AddingPerson.birth: Question("family.birth"),
    AddingPerson.sex: Question("register.sex", keyboards.sex_choice),
    AddingPerson.relation: Question("family.relation", family.relation_keyboard),
    AddingPerson.consent: Question("family.consent", family.agree_keyboard),
    WalkingIn.name: Question("walk_in.name"),
    WalkingIn.birth: Question("walk_in.birth"),
    WalkingIn.sex: Question("register.sex", keyboards.sex_choice),
    WalkingIn.language: Question("walk_in.language", keyboards.languages),
    WalkingIn.phone: Question("walk_in.phone", keyboards.skip),
    WalkingIn.allergies: Question("walk_in.allergies", walk_ins.no_allergies_keyboard),
    WalkingIn.consent: Question("walk_in.consent", walk_ins.consent_keyboard),
    WalkingIn.picture: Question("walk_in.picture"),
    WalkingIn.complaint: Question("walk_in.complaint", keyboards.skip),
    WalkingIn.since: Question("scan.since", keyboards.skip),
}
# their questions name the patient, and become messages with health data
PROTECTED_FORMS: Final = (WritingFindings, Prescribing, Rejecting, Amending, Clarifying, WalkingIn)


async def ask(message: Message, state: State, texts: Texts, **values: object) -> None:
    """Send the question of the state; `values` fill its placeholders and the parameters of its keyboard.

    An `identity` stands above it: whose scan the answer is about."""
    question = QUESTIONS[state]
    parameters = {name: values[name] for name in question.parameters}
    keyboard = question.keyboard(texts, **parameters) if question.keyboard else None
    protected = state.group in PROTECTED_FORMS or None
    text = texts(question.key, shortest=MIN_LENGTH, **values)
    if identity := values.get("identity"):
        text = join_blocks(Html(identity), text)
    await message.answer(text, reply_markup=keyboard, protect_content=protected)


async def answer_repeated_update(event: Message | CallbackQuery, state: FSMContext, texts: Texts) -> None:
    """Answer an update that Telegram sends again; it has no effect, but its first answer may not have arrived."""
    if isinstance(event, CallbackQuery):
        await show_toast(event, texts.plain("error.already_handled"))
        await repeat_question(message_of(event), state, texts)
        return
    await event.answer(texts("error.already_handled"))
    await repeat_question(event, state, texts)


async def go_to(
    query: CallbackQuery, message: Message, asked: State, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Go to a question of the form by a button, and ask it."""
    async with uow.begin():
        await state.set_state(asked)
    await query.answer()
    await ask(message, asked, texts)


async def repeat_question(message: Message, state: FSMContext, texts: Texts) -> bool:
    """Send the question of the open form again, if one is open; returns whether there is one to send."""
    current, data = await state.get_state(), await state.get_data()
    for one in QUESTIONS:
        if one.state == current:
            await ask(message, one, texts, **placeholders(data, texts))
            return True
    return False


def placeholders(data: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """The form data that questions may show; anything else stays out of sentences."""
    region = draft.report_word(texts, "region", data["region"]) if "region" in data else ""
    fields = {name: data.get(name, "") for name in ("email", "modality", "identity")}
    tongue = texts(f"language.{data['language']}") if "language" in data else ""
    fields["recent"], fields["invited"] = data.get("recent", ()), bool(data.get("invite"))
    fields["ready"], fields["is_proposed"] = data.get("ready", ()), bool(data.get("is_proposed"))
    fields["weekday"] = data.get("weekday", hours.HOLIDAY)
    fields["day"] = texts.day_names[data["weekday"]] if "weekday" in data else ""
    return {**fields, "scan": data.get("scan_id", ""), "region": region, "tongue": tongue}
