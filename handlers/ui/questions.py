"""What each open form asks, said in one place: the first time, and again when Telegram repeats an answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.ui import keyboards
from handlers.ui.forms import (
    Amending,
    Changing,
    Consenting,
    Enrolling,
    Exporting,
    Forgetting,
    Joining,
    Linking,
    Managing,
    Prescribing,
    Reading,
    Registering,
    Rejecting,
    Resetting,
    Serving,
    Teaching,
    Telling,
    Unlocking,
)
from handlers.ui.texts import Texts
from handlers.views import reading
from workflow.accounts.passwords import SHORTEST

Keyboard = Callable[..., InlineKeyboardMarkup]


class Question(NamedTuple):
    """`needs` names the values that the keyboard is made of, besides the language."""

    key: str
    keyboard: Keyboard | None = None
    needs: tuple[str, ...] = ()


def _resend(texts: Texts) -> InlineKeyboardMarkup:
    return keyboards.rows([(texts.plain("button.resend"), keyboards.ResendCode())])


QUESTIONS: Final[Mapping[State, Question]] = {
    Registering.name: Question("register.name"),
    Registering.email: Question("register.email"),
    Registering.code: Question("register.code", _resend),
    Registering.password: Question("register.password"),
    Registering.birth: Question("register.birth", keyboards.skip),
    Registering.sex: Question("register.sex", keyboards.sexes),
    Registering.language: Question("language.ask", keyboards.languages),
    Registering.number: Question("register.number"),
    Joining.number: Question("register.number"),
    Managing.number: Question("staff.number"),
    Linking.email: Question("link.email"),
    Linking.password: Question("link.password"),
    Unlocking.password: Question("unlock.password"),
    Enrolling.password: Question("unlock.password"),
    Enrolling.code: Question("authenticator.code"),
    Enrolling.removal: Question("authenticator.removal"),
    Exporting.password: Question("export.password"),
    Forgetting.password: Question("forget.password"),
    Changing.current: Question("password.current"),
    Changing.new: Question("password.new"),
    Resetting.email: Question("link.email"),
    Resetting.code: Question("reset.code"),
    Resetting.new: Question("password.new"),
    Consenting.asked: Question("consent.ask", keyboards.consent),
    Telling.complaint: Question("scan.complaint", keyboards.skip),
    Telling.since: Question("scan.since", keyboards.skip),
    Reading.own_reading: Question("reading.own_reading", reading.ready, ("scan", "modality")),
    Reading.findings: Question("reading.findings", reading.ready, ("scan", "modality")),
    Reading.impression: Question("reading.impression", keyboards.skip),
    Reading.recommendations: Question("reading.recommendations", keyboards.skip),
    Reading.region: Question("reading.region"),
    Reading.why: Question("reading.why", reading.reasons, ("scan",)),
    Reading.conclusion: Question("reading.conclusion"),
    Amending.reason: Question("amend.reason"),
    Amending.findings: Question("amend.findings"),
    Amending.impression: Question("reading.impression", keyboards.skip),
    Amending.recommendations: Question("amend.recommendations", keyboards.skip),
    Amending.band: Question("amend.band", reading.bands),
    Amending.addendum: Question("amend.addendum"),
    Prescribing.lines: Question("prescribe.ask", keyboards.ready_prescriptions),
    Rejecting.reason: Question("reject.reason"),
    Serving.reply: Question("desk.write"),
    Teaching.title: Question("teach.title"),
    Teaching.other: Question("teach.other", keyboards.skip),
    Teaching.answer: Question("teach.answer"),
    Teaching.phrases: Question("teach.phrases", keyboards.skip),
}
ABOUT_HEALTH: Final = (Reading, Amending)  # a press puts the draft in the place of such a question


async def ask(message: Message, asked: State, texts: Texts, **values: object) -> None:
    question = QUESTIONS[asked]
    needed = {name: values[name] for name in question.needs}
    keyboard = question.keyboard(texts, **needed) if question.keyboard else None
    guarded = asked.group in ABOUT_HEALTH or None
    said = texts(question.key, shortest=SHORTEST, **values)
    await message.answer(said, reply_markup=keyboard, protect_content=guarded)


async def answer_again(event: Message | CallbackQuery, state: FSMContext, texts: Texts) -> None:
    """A repeated update changes nothing; whoever sent it may have heard nothing, so it is answered once more."""
    if isinstance(event, CallbackQuery):
        await event.answer(texts.plain("error.already_handled"))
        return
    await event.answer(texts("error.already_handled"))
    await ask_open(event, state, texts)


async def ask_open(message: Message, state: FSMContext, texts: Texts) -> None:
    """The question of the form that is open, if one is."""
    here, told = await state.get_state(), await state.get_data()
    for asked in QUESTIONS:
        if asked.state == here:
            await ask(message, asked, texts, **values(told, texts))


def values(told: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """What a question may name: nothing else of the form gets into a sentence."""
    region = reading.word(texts, "region", told["region"]) if "region" in told else ""
    named = {name: told.get(name, "") for name in ("email", "modality")}
    tongue = texts(f"language.{told['language']}") if "language" in told else ""
    return {**named, "scan": told.get("scan_id", ""), "region": region, "tongue": tongue}
