"""/walkin: an administrator registers a patient at the desk, who has no chat and has signed the consent on paper."""

import re
from typing import Any, Final

from aiogram import Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.admin import walk_in_files
from handlers.shared.form import birth_answer, take_step
from handlers.ui import callbacks
from handlers.ui.callbacks.walk_in import NoAllergies, SignedConsent
from handlers.ui.file_forms import WalkingIn
from handlers.ui.parsing import parse_name, parse_phone, register_answers, typed_text
from handlers.ui.replies import edit_message
from handlers.ui.texts import Html, Texts
from handlers.views.files.walk_ins import read_back, walk_in_of
from handlers.views.questions import ask
from workflow.accounts.files import walk_ins
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import patient_facts
from workflow.unit_of_work import UnitOfWork

LONGEST: Final = 300  # characters of the allergies
NUMBER: Final = re.compile(r"[Pp]?0*(\d{1,9})", re.ASCII)
STEPS: Final = (
    *(WalkingIn.name, WalkingIn.birth, WalkingIn.sex, WalkingIn.language, WalkingIn.phone, WalkingIn.allergies),
    WalkingIn.consent,
)


@requires(Permission.SERVE_WALK_INS)
async def start(
    message: Message, command: CommandObject, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """/walkin begins a registration; with a patient number it opens the walk-in's file."""
    if number := NUMBER.fullmatch((command.args or "").strip()):
        await walk_in_files.show(message, int(number[1]), actor, texts, uow)
        return
    async with uow.begin():
        await state.set_data({})
        await state.set_state(WalkingIn.name)
    await ask(message, WalkingIn.name, texts)


async def _answer(
    message: Message, asked: State, state: FSMContext, texts: Texts, uow: UnitOfWork, **given: object
) -> None:
    def shown(data: dict[str, Any]) -> Html:
        return read_back(walk_in_of(data), texts, uow.at.date())

    await take_step(message, STEPS, asked, shown, state, texts, uow, **given)


@requires(Permission.SERVE_WALK_INS)
async def take_name(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    name = parse_name(message.text)
    if name is None:
        await message.answer(texts("register.name_bad"))
        return
    await _answer(message, WalkingIn.name, state, texts, uow, name=name)


@requires(Permission.SERVE_WALK_INS)
async def take_birth(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """A birth date or an age, which is needed: it is one of the patient's two identifiers."""
    given = birth_answer(message.text, uow.at.date())
    if given is None:
        await message.answer(texts("walk_in.birth_bad"))
        return
    await _answer(message, WalkingIn.birth, state, texts, uow, **given)


@requires(Permission.SERVE_WALK_INS)
async def take_sex(
    query: CallbackQuery,
    message: Message,
    callback_data: callbacks.ChooseSex,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    await query.answer()
    await _answer(message, WalkingIn.sex, state, texts, uow, sex=callback_data.sex)


@requires(Permission.SERVE_WALK_INS)
async def take_language(
    query: CallbackQuery,
    message: Message,
    callback_data: callbacks.ChooseLanguage,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """The language of the report and of the slip."""
    await query.answer()
    await _answer(message, WalkingIn.language, state, texts, uow, language=callback_data.language)


@requires(Permission.SERVE_WALK_INS)
async def take_phone(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    phone = parse_phone(message.text)
    if phone is None:
        await message.answer(texts("walk_in.phone_bad"))
        return
    await _answer(message, WalkingIn.phone, state, texts, uow, phone=phone)


@requires(Permission.SERVE_WALK_INS)
async def skip_phone(query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await query.answer()
    await _answer(message, WalkingIn.phone, state, texts, uow)


@requires(Permission.SERVE_WALK_INS)
async def take_allergies(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    parts = patient_facts.split_list(typed_text(message, LONGEST))
    await _answer(message, WalkingIn.allergies, state, texts, uow, allergies=parts)


@requires(Permission.SERVE_WALK_INS)
async def no_allergies(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await query.answer()
    await _answer(message, WalkingIn.allergies, state, texts, uow, allergies=[])


@requires(Permission.SERVE_WALK_INS)
async def skip_allergies(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await query.answer()
    await _answer(message, WalkingIn.allergies, state, texts, uow)


@requires(Permission.SERVE_WALK_INS)
async def confirm(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Register the walk-in, with who took the signed consent and when; then the film is asked for."""
    async with uow.begin() as session:
        person = walk_in_of(await state.get_data())
        patient_id = await walk_ins.register(session, actor, person, uow.at)
        await state.set_data({"patient": patient_id})
        await state.set_state(WalkingIn.picture)
    await edit_message(query, texts("walk_in.registered", person=read_back(person, texts, uow.at.date())))
    await walk_in_files.ask_film(message, patient_id, actor, texts, uow)


def routes() -> Router:
    router = Router(name=__name__)
    router.include_router(walk_in_files.routes())
    router.message.register(start, Command("walkin", ignore_case=True))
    forms = {
        WalkingIn.name: take_name,
        WalkingIn.birth: take_birth,
        WalkingIn.phone: take_phone,
        WalkingIn.allergies: take_allergies,
    }
    register_answers(router, forms)
    press = router.callback_query.register
    press(take_sex, callbacks.ChooseSex.filter(), StateFilter(WalkingIn.sex))
    press(take_language, callbacks.ChooseLanguage.filter(), StateFilter(WalkingIn.language))
    press(skip_phone, callbacks.Skip.filter(), StateFilter(WalkingIn.phone))
    press(no_allergies, NoAllergies.filter(), StateFilter(WalkingIn.allergies))
    press(skip_allergies, callbacks.Skip.filter(), StateFilter(WalkingIn.allergies))
    press(confirm, SignedConsent.filter(), StateFilter(WalkingIn.consent))
    return router
