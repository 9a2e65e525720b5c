"""Who are you: registration, /me."""

from datetime import date
from typing import Final

from aiogram import Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.forms import Registering
from handlers.ui.parsing import birthday_in, email_in, listen, registration_number_in
from handlers.ui.questions import ask
from handlers.ui.replies import Handler, edit, hide, known, private_chat, say, shown_name
from handlers.ui.texts import Catalogues, Html, Texts
from handlers.views.cards import person_line
from models.tables.people import Account
from workflow.accounts import registration
from workflow.accounts.passwords import Hasher
from workflow.actors import Actor
from workflow.errors import InviteInvalid
from workflow.permissions import Verb
from workflow.scans import queries
from workflow.unit_of_work import Effects

LONGEST_NAME: Final = 120


@does(Verb.REGISTER)
async def register(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin():
        await state.set_data({"invite": (await state.get_data()).get("invite")})
        await state.set_state(Registering.name)
    await ask(message, Registering.name, texts)


@does(Verb.REGISTER)
async def take_name(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    name = " ".join((message.text or "").split())
    if not 2 <= len(name) <= LONGEST_NAME:
        await message.answer(texts("register.name_bad"))
        return
    async with effects.begin():
        await state.update_data(name=name)
        await state.set_state(Registering.email)
    await ask(message, Registering.email, texts)


@does(Verb.REGISTER)
async def take_email(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    email = email_in(message.text)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    async with effects.begin() as session:
        await registration.ask_email_code(session, private_chat(message), email, texts.language, effects.at)
        await state.update_data(email=email)
        await state.set_state(Registering.code)
    await ask(message, Registering.code, texts, email=email)


@does(Verb.REGISTER)
async def resend_code(query: CallbackQuery, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin() as session:
        email = (await state.get_data())["email"]
        await registration.ask_email_code(session, private_chat(query), email, texts.language, effects.at)
    await say(query, texts("register.code_again"))


@does(Verb.REGISTER)
async def take_code(message: Message, state: FSMContext, texts: Texts, effects: Effects, key: bytes) -> None:
    await hide(message)
    async with effects.begin() as session:
        email = (await state.get_data())["email"]
        verdict = await registration.confirm_email(
            session, private_chat(message), email, message.text or "", key, effects.at
        )
        if verdict is verdict.RIGHT:
            await state.set_state(Registering.password)
    verdict.demand()
    await ask(message, Registering.password, texts)


@does(Verb.REGISTER)
async def take_password(message: Message, state: FSMContext, texts: Texts, effects: Effects, hasher: Hasher) -> None:
    await hide(message)
    told = await state.get_data()
    hashed = await hasher.hash(message.text or "", [*told["name"].split(), told["email"]])
    async with effects.begin():
        await state.update_data(password_hash=hashed)
        await state.set_state(Registering.birth)
    await ask(message, Registering.birth, texts)


@does(Verb.REGISTER)
async def take_birth(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    born = birthday_in(message.text, effects.at.date())
    if born is None:
        await message.answer(texts("register.birth_bad"), reply_markup=keyboards.skip(texts))
        return
    async with effects.begin():
        await state.update_data(date_of_birth=born.isoformat())
        await state.set_state(Registering.sex)
    await ask(message, Registering.sex, texts)


@does(Verb.REGISTER)
async def skip_birth(query: CallbackQuery, state: FSMContext, texts: Texts) -> None:
    await state.set_state(Registering.sex)
    await query.answer()
    if isinstance(query.message, Message):
        await ask(query.message, Registering.sex, texts)


@does(Verb.REGISTER)
async def take_sex(
    query: CallbackQuery, callback_data: keyboards.ChooseSex, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    async with effects.begin():
        await state.update_data(sex=callback_data.sex)
        await state.set_state(Registering.language)
    await edit(query, texts("language.ask"), keyboards.languages(texts))


@does(Verb.REGISTER)
async def take_language(
    query: CallbackQuery,
    callback_data: keyboards.ChooseLanguage,
    state: FSMContext,
    effects: Effects,
    catalogues: Catalogues,
) -> None:
    """The last question for a patient; doctors and pharmacists are asked for their registration number as well."""
    texts = catalogues.of(callback_data.language)
    async with effects.begin() as session:
        await state.update_data(language=texts.language)
        numbered = await registration.asks_number(session, (await state.get_data()).get("invite"), effects.at)
        if numbered:
            await state.set_state(Registering.number)
    if numbered:
        await edit(query, texts("register.number"))
    else:
        await edit(query, await _open_account(query, state, effects, catalogues))


@does(Verb.REGISTER)
async def take_number(message: Message, state: FSMContext, effects: Effects, catalogues: Catalogues) -> None:
    number = registration_number_in(message.text)
    if number is None:
        language = (await state.get_data())["language"]
        await message.answer(catalogues.of(language)("register.number_bad"))
        return
    await message.answer(await _open_account(message, state, effects, catalogues, number))


async def _open_account(
    event: Message | CallbackQuery,
    state: FSMContext,
    effects: Effects,
    catalogues: Catalogues,
    number: str | None = None,
) -> Html:
    """The account and the first words to who has it now.

    An invitation that has expired on the way keeps nobody out: the person is a patient like any other."""
    late = None
    try:
        actor = await _register(event, state, effects, number, invited=True)
    except InviteInvalid as error:
        late = error
        actor = await _register(event, state, effects, number, invited=False)
    texts = catalogues.of(actor.language)
    hello = texts(f"start.{actor.role}", name=actor.name)
    return Html(f"{texts(late.key)}\n\n{hello}") if late else hello


async def _register(
    event: Message | CallbackQuery, state: FSMContext, effects: Effects, number: str | None, *, invited: bool
) -> Actor:
    """The account, its chat and the end of the form in one transaction."""
    async with effects.begin() as session:
        told = await state.get_data()
        invite, born = told.pop("invite", None), told.pop("date_of_birth", None)
        told |= {"registration_number": number, "date_of_birth": date.fromisoformat(born) if born else None}
        chat_id, label = private_chat(event), shown_name(event)
        person = registration.Person(**told)
        actor = await registration.register(session, chat_id, person, effects.at, invite if invited else None, label)
        await state.clear()
    return actor


@does(Verb.SEE_SELF)
async def me(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    async with effects.look() as session:
        account: Account = await queries.account_of(session, known(actor))
        text = texts(
            "me",
            person=person_line(account, texts),
            email=account.email,
            role=Html(", ".join(texts(f"role.{role}") for role in account.roles)),
            language=texts(f"language.{account.language}"),
        )
    await message.answer(text)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(register, Command("register"))
    router.message.register(me, Command("me"))
    forms: dict[State, Handler] = {
        Registering.name: take_name,
        Registering.email: take_email,
        Registering.code: take_code,
        Registering.password: take_password,
        Registering.birth: take_birth,
        Registering.number: take_number,
    }
    listen(router, forms)
    router.callback_query.register(resend_code, keyboards.ResendCode.filter(), StateFilter(Registering.code))
    router.callback_query.register(skip_birth, keyboards.Skip.filter(), StateFilter(Registering.birth))
    router.callback_query.register(take_sex, keyboards.ChooseSex.filter(), StateFilter(Registering.sex))
    router.callback_query.register(take_language, keyboards.ChooseLanguage.filter(), StateFilter(Registering.language))
    return router
