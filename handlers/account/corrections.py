"""/me: a patient corrects name, birth date, sex and telephone, and gives or changes the email address."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account.codes import mail_code
from handlers.account.contact import own_number, proof_state, register_contacts, require_proof
from handlers.ui.callbacks import ChooseSex
from handlers.ui.callbacks.account import CorrectSelf
from handlers.ui.dates import is_estimate, parse_birthday
from handlers.ui.forms import Correcting
from handlers.ui.parsing import parse_name, register_answers, typed_sex
from handlers.ui.replies import Handler, delete_message, edit_message, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.identity import birth_words
from handlers.views.paging import join_blocks
from handlers.views.questions import ask, repeat_question
from models.vocabulary import Sex
from workflow.accounts import registration
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.privacy import corrections
from workflow.requester import requester_of
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork

FIELDS: Final[Mapping[str, State]] = {
    "name": Correcting.name,
    "birthday": Correcting.birth,
    "sex": Correcting.sex,
    "phone": Correcting.phone,
}


@requires(Permission.CORRECT_SELF)
async def ask_field(
    query: CallbackQuery, message: Message, callback_data: CorrectSelf, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    asked = FIELDS.get(callback_data.field)
    if asked is None:
        raise StaleAction
    async with uow.begin():
        await state.set_data({})
        await state.set_state(asked)
    await query.answer()
    await ask(message, asked, texts)


@requires(Permission.CORRECT_SELF)
async def take_name(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    name = parse_name(message.text)
    if name is None:
        await message.answer(texts("register.name_bad"))
        return
    await message.answer(await _corrected("name", name, actor, state, texts, uow), protect_content=True)


@requires(Permission.CORRECT_SELF)
async def take_birth(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Read the date back with the age."""
    today = uow.at.date()
    born = parse_birthday(message.text, today)
    if born is None:
        await message.answer(texts("register.birth_bad"))
        return
    estimated = is_estimate(message.text, today)
    done = await _corrected("date_of_birth", born, actor, state, texts, uow, estimated)
    read_back = texts("register.born", day=birth_words(born, estimated, texts), age=texts.age(born, today))
    await message.answer(join_blocks(read_back, done), protect_content=True)


@requires(Permission.CORRECT_SELF)
async def take_typed_sex(
    message: Message, sex: Sex, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await message.answer(await _corrected("sex", sex, actor, state, texts, uow))


@requires(Permission.CORRECT_SELF)
async def take_sex(
    query: CallbackQuery, callback_data: ChooseSex, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await edit_message(query, await _corrected("sex", callback_data.sex, actor, state, texts, uow))


async def _corrected(
    field: str,
    value: str | date | Sex,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    estimated: bool = False,
) -> Html:
    """Store the value; the answer names the reports that keep what they said until a doctor amends them."""
    async with uow.begin() as session:
        await corrections.correct(session, actor, field, value, uow.at, estimated)
        reports = await corrections.released_scans(session, actor.account_id or 0)
        await state.clear()
    return texts("correct.done_reports" if reports else "correct.done")


@requires(Permission.CORRECT_SELF)
async def take_phone(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    phone = own_number(message)
    if phone is None:
        await message.answer(texts("register.phone_other"))
        await repeat_question(message, state, texts)
        return
    async with uow.begin() as session:
        await corrections.correct_phone(session, actor, phone, private_chat_id(message), uow.at)
        await state.clear()
    await message.answer(texts("correct.done"), reply_markup=ReplyKeyboardRemove())


@requires(Permission.SET_EMAIL)
async def ask_proof(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """The address resets passwords and gets reports: the proof of identity comes before it."""
    asked = proof_state(actor, Correcting.password)
    async with uow.begin():
        await state.set_data({})
        await state.set_state(asked)
    await query.answer()
    await ask(message, asked, texts)


@requires(Permission.SET_EMAIL)
async def take_proof(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, hasher: PasswordHasher
) -> None:
    await require_proof(message, actor, uow, hasher)
    async with uow.begin():
        await state.set_state(Correcting.email)
    keys_gone = ReplyKeyboardRemove() if message.contact else None
    await message.answer(texts("register.email"), reply_markup=keys_gone)


@requires(Permission.SET_EMAIL)
async def take_email(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Mail a code; the chat sees no difference for an address that has an account."""
    await mail_code(message, Correcting.code, state, texts, uow)


@requires(Permission.SET_EMAIL)
async def take_code(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    """Set the address; an account without a password is asked for one first."""
    await delete_message(message)
    async with uow.begin() as session:
        email = (await state.get_data())["email"]
        verdict = await registration.verify_email_code(
            session, private_chat_id(message), email, message.text or "", secret_key, uow.at
        )
        if verdict is verdict.RIGHT and actor.by_phone:
            await state.set_state(Correcting.new_password)
        elif verdict is verdict.RIGHT:
            await corrections.set_email(session, actor, email, private_chat_id(message), uow.at)
            await state.clear()
    verdict.raise_if_wrong()
    if actor.by_phone:
        await ask(message, Correcting.new_password, texts)
    else:
        await message.answer(texts("correct.done"))


@requires(Permission.SET_EMAIL)
async def take_new_password(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, hasher: PasswordHasher
) -> None:
    await delete_message(message)
    email = (await state.get_data())["email"]
    async with uow.read() as session:
        personal = [*(await queries.account_of(session, actor)).name.split(), email]
    hashed = await hasher.hash(message.text or "", personal, private_chat_id(message), requester_of(actor))
    async with uow.begin() as session:
        await corrections.set_email(session, actor, email, private_chat_id(message), uow.at, hashed)
        await state.clear()
    await message.answer(texts("correct.email_done"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(ask_proof, CorrectSelf.filter(F.field == "email"))
    router.callback_query.register(ask_field, CorrectSelf.filter())
    router.callback_query.register(take_sex, ChooseSex.filter(), StateFilter(Correcting.sex))
    router.message.register(take_typed_sex, StateFilter(Correcting.sex), typed_sex)
    forms: dict[State, Handler] = {
        Correcting.name: take_name,
        Correcting.birth: take_birth,
        Correcting.password: take_proof,
        Correcting.email: take_email,
        Correcting.code: take_code,
        Correcting.new_password: take_new_password,
    }
    register_answers(router, forms)
    register_contacts(router, {Correcting.contact: take_proof, Correcting.phone: take_phone})
    return router
