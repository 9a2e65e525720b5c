"""A new password: for who knows the old one, and for who has forgotten it, by a code to the account's address."""

from datetime import datetime, timedelta
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Message

from handlers.access import does
from handlers.account.proof import own_email, prove
from handlers.ui.forms import SECRETS, Changing, Resetting
from handlers.ui.parsing import email_in, listen
from handlers.ui.questions import ask
from handlers.ui.replies import Handler, hide, private_chat
from handlers.ui.texts import Catalogues, Texts
from workflow.accounts import registration
from workflow.accounts.passwords import Hasher
from workflow.actors import Actor
from workflow.errors import CodeSpent
from workflow.permissions import Verb
from workflow.unit_of_work import Effects

PROVEN: Final = timedelta(minutes=15)  # for so long the new password may be typed


@does(Verb.CHANGE_PASSWORD)
async def change(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin():
        await state.set_data({})
        await state.set_state(Changing.current)
    await ask(message, Changing.current, texts)


@does(Verb.CHANGE_PASSWORD)
async def take_current(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, hasher: Hasher
) -> None:
    await prove(message, actor, effects, hasher)
    email = await own_email(actor, effects)
    async with effects.begin():
        await state.set_data({"email": email, "until": (effects.at + PROVEN).isoformat()})
        await state.set_state(Changing.new)
    await ask(message, Changing.new, texts)


@does(Verb.RESET_PASSWORD)
async def reset(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """In a chat that is linked the account's own address is meant."""
    if actor is not None:
        await _send_code(message, await own_email(actor, effects), state, texts, effects)
        return
    async with effects.begin():
        await state.set_data({})
        await state.set_state(Resetting.email)
    await ask(message, Resetting.email, texts)


@does(Verb.RESET_PASSWORD)
async def take_email(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    email = email_in(message.text) if actor is None else await own_email(actor, effects)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    await _send_code(message, email, state, texts, effects)


async def _send_code(message: Message, email: str, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin() as session:
        await registration.ask_reset_code(session, private_chat(message), email, texts.language, effects.at)
        await state.set_data({"email": email})
        await state.set_state(Resetting.code)
    await ask(message, Resetting.code, texts, email=email)


@does(Verb.RESET_PASSWORD)
async def take_code(message: Message, state: FSMContext, texts: Texts, effects: Effects, key: bytes) -> None:
    await hide(message)
    async with effects.begin() as session:
        email = (await state.get_data())["email"]
        chat_id = private_chat(message)
        verdict = await registration.confirm_reset(session, chat_id, email, message.text or "", key, effects.at)
        if verdict is verdict.RIGHT:
            await state.update_data(until=(effects.at + PROVEN).isoformat())
            await state.set_state(Resetting.new)
    verdict.demand()
    await ask(message, Resetting.new, texts)


@does(Verb.RESET_PASSWORD)
async def take_new(
    message: Message, state: FSMContext, effects: Effects, catalogues: Catalogues, hasher: Hasher
) -> None:
    """Set it and sign out every other chat: whoever knew the old one is out."""
    await hide(message)
    told = await state.get_data()
    if datetime.fromisoformat(told["until"]) <= effects.at:
        await state.clear()
        raise CodeSpent
    hashed = await hasher.hash(message.text or "", [told["email"]])
    async with effects.begin() as session:
        actor = await registration.set_password(session, private_chat(message), told["email"], hashed, effects.at)
        await state.clear()
    await message.answer(catalogues.of(actor.language)("password.done"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(change, Command("password"))
    router.message.register(reset, Command("reset"))
    forms: dict[State, Handler] = {
        Changing.current: take_current,
        Changing.new: take_new,
        Resetting.email: take_email,
        Resetting.code: take_code,
        Resetting.new: take_new,
    }
    listen(router, forms)
    return router


@does(Verb.TALK)
async def take_slash(message: Message, texts: Texts) -> None:
    """A secret that looks like a command is a secret all the same."""
    await hide(message)
    await message.answer(texts("password.slash"))


def late_routes() -> Router:
    """After every command."""
    router = Router(name=f"{__name__}.late")
    router.message.register(take_slash, StateFilter(*SECRETS), F.text)
    return router
