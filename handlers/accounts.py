"""Who are you: registration, linking, unlinking, /me."""

import asyncio
from datetime import date
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message
from email_validator import EmailNotValidError, validate_email

from handlers import keyboards
from handlers.answers import Handler, edit, hide, known, private_chat, say
from handlers.forms import Linking, Registering
from handlers.messages import person_line
from handlers.texts import Catalogues, Texts
from models.people import Account, Role
from workflow import accounts, passwords, queries
from workflow.actors import Actor
from workflow.errors import AlreadyLinked, LoginFailed
from workflow.updates import Effects

LONGEST_NAME: Final = 120
OLDEST: Final = 130  # years


async def register(message: Message, actor: Actor | None, state: FSMContext, texts: Texts) -> None:
    if actor is not None:
        raise AlreadyLinked
    invite = (await state.get_data()).get("invite")
    await state.set_state(Registering.name)
    await state.set_data({"invite": invite})
    await message.answer(texts("register.name"))


async def take_name(message: Message, state: FSMContext, texts: Texts) -> None:
    name = " ".join((message.text or "").split())
    if not 2 <= len(name) <= LONGEST_NAME:
        await message.answer(texts("register.name_bad"))
        return
    await state.update_data(name=name)
    await state.set_state(Registering.email)
    await message.answer(texts("register.email"))


async def take_email(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    email = _email(message.text)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    async with effects.begin() as session:
        await accounts.ask_email_code(session, private_chat(message), email, effects.at)
        await state.update_data(email=email)
        await state.set_state(Registering.code)
    button = keyboards.rows([(texts.plain("button.resend"), keyboards.ResendCode())])
    await message.answer(texts("register.code", email=email), reply_markup=button)


async def resend_code(query: CallbackQuery, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin() as session:
        email = (await state.get_data())["email"]
        await accounts.ask_email_code(session, private_chat(query), email, effects.at)
    await say(query, texts("register.code_again"))


async def take_code(message: Message, state: FSMContext, texts: Texts, effects: Effects, key: bytes) -> None:
    await hide(message)
    email = (await state.get_data())["email"]
    async with effects.begin() as session:
        verdict = await accounts.confirm_email(
            session, private_chat(message), email, message.text or "", key, effects.at
        )
        if verdict is verdict.RIGHT:
            await state.set_state(Registering.password)
    verdict.demand()
    await message.answer(texts("register.password", shortest=passwords.SHORTEST))


async def take_password(message: Message, state: FSMContext, texts: Texts) -> None:
    await hide(message)
    hashed = await asyncio.to_thread(passwords.hash_password, message.text or "")
    await state.update_data(password_hash=hashed)
    await state.set_state(Registering.birth)
    await message.answer(texts("register.birth"), reply_markup=keyboards.skip(texts))


async def take_birth(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    born = _day(message.text, effects.at.date())
    if born is None:
        await message.answer(texts("register.birth_bad"), reply_markup=keyboards.skip(texts))
        return
    await state.update_data(date_of_birth=born.isoformat())
    await _ask_sex(message, state, texts)


async def skip_birth(query: CallbackQuery, state: FSMContext, texts: Texts) -> None:
    await query.answer()
    if isinstance(query.message, Message):
        await _ask_sex(query.message, state, texts)


async def _ask_sex(message: Message, state: FSMContext, texts: Texts) -> None:
    await state.set_state(Registering.sex)
    await message.answer(texts("register.sex"), reply_markup=keyboards.sexes(texts))


async def take_sex(
    query: CallbackQuery, callback_data: keyboards.ChooseSex, state: FSMContext, texts: Texts, catalogues: Catalogues
) -> None:
    await state.update_data(sex=callback_data.sex)
    await state.set_state(Registering.language)
    await edit(query, texts("language.ask"), keyboards.languages(texts, catalogues.languages))


async def take_language(
    query: CallbackQuery,
    callback_data: keyboards.ChooseLanguage,
    state: FSMContext,
    effects: Effects,
    catalogues: Catalogues,
) -> None:
    """The last question for a patient; staff are asked for their registration number as well."""
    texts = catalogues.of(callback_data.language)
    await state.update_data(language=texts.language)
    invite = (await state.get_data()).get("invite")
    if invite:
        async with effects.begin() as session:
            role = await accounts.invited_role(session, invite, effects.at)
            await state.set_state(Registering.number)
        if role in {Role.DOCTOR, Role.PHARMACIST}:
            await edit(query, texts("register.number"), keyboards.skip(texts))
            return
    actor = await _open_account(private_chat(query), state, effects)
    await edit(query, texts(f"start.{actor.role}", name=actor.name))


async def take_number(message: Message, state: FSMContext, effects: Effects, catalogues: Catalogues) -> None:
    await state.update_data(registration_number=(message.text or "").strip()[:40])
    actor = await _open_account(private_chat(message), state, effects)
    await message.answer(catalogues.of(actor.language)(f"start.{actor.role}", name=actor.name))


async def skip_number(query: CallbackQuery, state: FSMContext, effects: Effects, catalogues: Catalogues) -> None:
    actor = await _open_account(private_chat(query), state, effects)
    await edit(query, catalogues.of(actor.language)(f"start.{actor.role}", name=actor.name))


async def _open_account(chat_id: int, state: FSMContext, effects: Effects) -> Actor:
    """The account, its chat and the end of the form in one transaction."""
    told = await state.get_data()
    invite = told.pop("invite", None)
    born = told.pop("date_of_birth", None)
    person = accounts.Person(**told, date_of_birth=date.fromisoformat(born) if born else None)
    async with effects.begin() as session:
        actor = await accounts.register(session, chat_id, person, effects.at, invite)
        await state.clear()
    return actor


async def link(message: Message, actor: Actor | None, state: FSMContext, texts: Texts) -> None:
    if actor is not None:
        raise AlreadyLinked
    await state.set_state(Linking.email)
    await message.answer(texts("link.email"))


async def link_email(message: Message, state: FSMContext, texts: Texts) -> None:
    email = _email(message.text)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    await state.update_data(email=email)
    await state.set_state(Linking.password)
    await message.answer(texts("link.password"))


async def link_password(message: Message, state: FSMContext, effects: Effects, catalogues: Catalogues) -> None:
    """Take the password out of the chat first, compare away from the event loop, then link."""
    await hide(message)
    email = (await state.get_data())["email"]
    async with effects.look() as session:
        expected = await accounts.password_hash_of(session, email, effects.at)
    right = await asyncio.to_thread(passwords.matches, message.text or "", expected)
    async with effects.begin() as session:
        await state.clear()
        if right:
            actor = await accounts.link(session, private_chat(message), email, effects.at)
        else:
            await accounts.note_failed_login(session, email, effects.at)
    if not right:
        raise LoginFailed
    await message.answer(catalogues.of(actor.language)(f"start.{actor.role}", name=actor.name))


async def ask_unlink(message: Message, actor: Actor | None, texts: Texts) -> None:
    known(actor)
    button = keyboards.rows([(texts.plain("button.unlink"), keyboards.Unlink())])
    await message.answer(texts("unlink.ask"), reply_markup=button)


async def unlink(query: CallbackQuery, texts: Texts, effects: Effects) -> None:
    async with effects.begin() as session:
        await accounts.unlink(session, private_chat(query), effects.at)
    await edit(query, texts("unlink.done"))


async def me(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    async with effects.look() as session:
        account: Account = await queries.account_of(session, known(actor))
        text = texts(
            "me",
            person=person_line(account, texts),
            email=account.email,
            role=texts(f"role.{account.role}"),
            language=texts(f"language.{account.language}"),
        )
    await message.answer(text)


def _email(typed: str | None) -> str | None:
    try:
        return validate_email((typed or "").strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def _day(typed: str | None, today: date) -> date | None:
    """A date of birth as day, month, year; None when it is no day that a living person was born on."""
    numbers = (typed or "").replace("/", "-").replace(".", "-").split("-")
    try:
        first, month, last = (int(number) for number in numbers)
        born = date(first, month, last) if first > 31 else date(last, month, first)
    except ValueError:
        return None
    return born if today.year - OLDEST <= born.year and born <= today else None


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(register, Command("register"))
    router.message.register(link, Command("link"))
    router.message.register(ask_unlink, Command("unlink"))
    router.message.register(me, Command("me"))
    takers: dict[State, Handler] = {
        Registering.name: take_name,
        Registering.email: take_email,
        Registering.code: take_code,
        Registering.password: take_password,
        Registering.birth: take_birth,
        Registering.number: take_number,
        Linking.email: link_email,
        Linking.password: link_password,
    }
    for state, taker in takers.items():
        router.message.register(taker, StateFilter(state), F.text, ~F.text.startswith("/"))
    router.callback_query.register(resend_code, keyboards.ResendCode.filter(), StateFilter(Registering.code))
    router.callback_query.register(skip_birth, keyboards.Skip.filter(), StateFilter(Registering.birth))
    router.callback_query.register(take_sex, keyboards.ChooseSex.filter(), StateFilter(Registering.sex))
    router.callback_query.register(take_language, keyboards.ChooseLanguage.filter(), StateFilter(Registering.language))
    router.callback_query.register(skip_number, keyboards.Skip.filter(), StateFilter(Registering.number))
    router.callback_query.register(unlink, keyboards.Unlink.filter())
    return router
