"""/register: the questions of the registration."""

from datetime import date

from aiogram import Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.account import contact, pending
from handlers.account import profile as own_profile
from handlers.account.codes import mail_code
from handlers.account.pending import ask_consent_for_pending
from handlers.account.secrets import missing_code
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks.account import CorrectSelf
from handlers.ui.dates import is_estimate, parse_birthday
from handlers.ui.forms import Registering
from handlers.ui.parsing import parse_name, parse_registration_number, register_answers
from handlers.ui.replies import (
    Handler,
    View,
    delete_message,
    display_name,
    message_of,
    private_chat_id,
    respond,
)
from handlers.ui.texts import Catalogues, Texts
from handlers.views.identity import birth_words
from handlers.views.paging import join_blocks
from handlers.views.questions import ask, go_to
from workflow.accounts import invitations, profile, registration
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.errors import InviteForOther, InviteInvalid
from workflow.permissions import Permission
from workflow.requester import Requester
from workflow.unit_of_work import UnitOfWork


@requires(Permission.REGISTER)
async def register(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Say what is kept, who sees and carries it, and ask for the telephone first; staff, who come with an invitation,
    register with an address."""
    async with uow.begin():
        invite = (await state.get_data()).get("invite")
        first = Registering.name if invite else Registering.contact
        await state.set_data({"invite": invite})
        await state.set_state(first)
    await message.answer(texts("register.notice"))
    await ask(message, first, texts)


@requires(Permission.REGISTER)
async def take_name(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    name = parse_name(message.text)
    if name is None:
        await message.answer(texts("register.name_bad"))
        return
    async with uow.begin():
        data = await state.update_data(name=name)
        following = Registering.birth if data.get("phone") else Registering.email
        await state.set_state(following)
    await ask(message, following, texts)


@requires(Permission.REGISTER)
async def take_email(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await mail_code(message, Registering.code, state, texts, uow)


@requires(Permission.REGISTER)
async def take_code(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes) -> None:
    await delete_message(message)
    async with uow.begin() as session:
        email = (await state.get_data())["email"]
        verdict = await registration.verify_email_code(
            session, private_chat_id(message), email, message.text or "", secret_key, uow.at
        )
        if verdict is verdict.RIGHT:
            await state.set_state(Registering.password)
    verdict.raise_if_wrong()
    await ask(message, Registering.password, texts)


@requires(Permission.REGISTER)
async def take_password(
    message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork, hasher: PasswordHasher
) -> None:
    await delete_message(message)
    data = await state.get_data()
    personal = [*data["name"].split(), data["email"]]
    hashed = await hasher.hash(message.text or "", personal, private_chat_id(message), Requester.STRANGER)
    async with uow.begin():
        await state.update_data(password_hash=hashed)
        await state.set_state(Registering.birth)
    await ask(message, Registering.birth, texts)


@requires(Permission.REGISTER)
async def take_birth(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    today = uow.at.date()
    born = parse_birthday(message.text, today)
    if born is None:
        await message.answer(texts("register.birth_bad"), reply_markup=keyboards.skip(texts))
        return
    estimated = is_estimate(message.text, today)
    async with uow.begin():
        await state.update_data(date_of_birth=born.isoformat(), birth_estimated=estimated)
        await state.set_state(Registering.sex)
    read_back = texts("register.born", day=birth_words(born, estimated, texts), age=texts.age(born, today))
    await ask(message, Registering.sex, texts, identity=read_back)


@requires(Permission.REGISTER)
async def correct_birth(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Ask for the birth date again, which was read back wrongly or skipped."""
    await go_to(query, message, Registering.birth, state, texts, uow)


@requires(Permission.REGISTER)
async def skip_birth(query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin():
        await state.update_data(date_of_birth=None, birth_estimated=False)
        await state.set_state(Registering.sex)
    await query.answer()
    await ask(message, Registering.sex, texts)


@requires(Permission.REGISTER)
async def take_sex(
    event: Message | CallbackQuery,
    callback_data: callbacks.ChooseSex,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    catalogues: Catalogues,
) -> None:
    """The language is asked for only where the chat has not chosen one."""
    async with uow.begin() as session:
        await state.update_data(sex=callback_data.sex)
        chosen = await profile.chosen_language(session, private_chat_id(event))
        if chosen is None:
            await state.set_state(Registering.language)
    if chosen is None:
        await respond(event, texts("language.ask"), keyboards.languages(texts))
    else:
        await _finish(event, chosen, state, uow, catalogues)


@requires(Permission.REGISTER)
async def take_language(
    query: CallbackQuery,
    callback_data: callbacks.ChooseLanguage,
    state: FSMContext,
    uow: UnitOfWork,
    catalogues: Catalogues,
) -> None:
    await _finish(query, catalogues.of(callback_data.language).language, state, uow, catalogues)


async def _finish(
    event: Message | CallbackQuery, language: str, state: FSMContext, uow: UnitOfWork, catalogues: Catalogues
) -> None:
    """Open the patient's account; doctors and pharmacists are first asked for their registration number."""
    async with uow.begin() as session:
        await state.update_data(language=language)
        invite = (await state.get_data()).get("invite")
        needs_number = await invitations.needs_registration_number(session, invite, uow.at)
        if needs_number:
            await state.set_state(Registering.number)
    if needs_number:
        await respond(event, catalogues.of(language)("register.number"))
        return
    greeting = await _open_account(event, state, uow, catalogues)
    await respond(event, greeting.text, greeting.keyboard)
    await ask_consent_for_pending(event if isinstance(event, Message) else message_of(event), state, uow, catalogues)


@requires(Permission.REGISTER)
async def take_number(message: Message, state: FSMContext, uow: UnitOfWork, catalogues: Catalogues) -> None:
    number = parse_registration_number(message.text)
    if number is None:
        language = (await state.get_data())["language"]
        await message.answer(catalogues.of(language)("register.number_bad"))
        return
    await message.answer((await _open_account(message, state, uow, catalogues, number)).text)
    await ask_consent_for_pending(message, state, uow, catalogues)


async def _open_account(
    event: Message | CallbackQuery,
    state: FSMContext,
    uow: UnitOfWork,
    catalogues: Catalogues,
    number: str | None = None,
) -> View:
    """Create the account; returns the greeting, which offers an address to one who has none. Without a good invitation
    for this address it is a patient's."""
    expired: InviteInvalid | InviteForOther | None = None
    try:
        actor = await _register(event, state, uow, number, invited=True)
    except (InviteInvalid, InviteForOther) as error:
        expired = error
        actor = await _register(event, state, uow, number, invited=False)
    texts = catalogues.of(actor.language)
    parts = [texts(f"start.{actor.role}", name=actor.name), *([texts("register.by_phone")] if actor.by_phone else [])]
    offer = [(texts.plain("button.correct_email"), CorrectSelf(field="email"))]
    text = join_blocks(*([texts(expired.key)] if expired else []), *parts)
    return View(text, keyboards.rows(offer) if actor.by_phone else None)


async def _register(
    event: Message | CallbackQuery, state: FSMContext, uow: UnitOfWork, number: str | None, *, invited: bool
) -> Actor:
    """Create the account, link the chat and clear the form in one transaction."""
    async with uow.begin() as session:
        data = await state.get_data()
        invite, born = data.pop("invite", None), data.pop("date_of_birth", None)
        data |= {"registration_number": number, "date_of_birth": date.fromisoformat(born) if born else None}
        chat_id, label = private_chat_id(event), display_name(event)
        person = registration.Person(**data)
        actor = await registration.register(session, chat_id, person, uow.at, invite if invited else None, label)
        await state.clear()
    return actor


def routes() -> Router:
    router = Router(name=__name__)
    router.include_routers(pending.routes(), own_profile.routes(), contact.routes(), missing_code.routes())
    router.message.register(register, Command("register", ignore_case=True))
    forms: dict[State, Handler] = {
        Registering.name: take_name,
        Registering.email: take_email,
        Registering.code: take_code,
        Registering.password: take_password,
        Registering.birth: take_birth,
        Registering.number: take_number,
    }
    register_answers(router, forms)
    router.callback_query.register(skip_birth, callbacks.Skip.filter(), StateFilter(Registering.birth))
    router.callback_query.register(correct_birth, callbacks.CorrectBirth.filter(), StateFilter(Registering.sex))
    router.callback_query.register(take_sex, callbacks.ChooseSex.filter(), StateFilter(Registering.sex))
    router.callback_query.register(take_language, callbacks.ChooseLanguage.filter(), StateFilter(Registering.language))
    return router
