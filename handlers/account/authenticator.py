"""/authenticator: an app as second factor, by a picture to scan, confirmed by its first code."""

from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any

import segno
from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from handlers.access import does
from handlers.account.proof import prove
from handlers.ui import keyboards
from handlers.ui.forms import Enrolling
from handlers.ui.parsing import listen
from handlers.ui.questions import ask
from handlers.ui.replies import Handler, hide, known, private_chat
from handlers.ui.texts import Html, Texts
from workflow.accounts import authenticators, logins
from workflow.accounts.passwords import Hasher
from workflow.actors import Actor
from workflow.errors import FactorWrong
from workflow.permissions import Verb
from workflow.unit_of_work import Effects


@does(Verb.SET_AUTHENTICATOR)
async def authenticator(
    message: Message, bot: Bot, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """The password first: whoever finds the chat open may not make himself a second factor."""
    async with effects.begin() as session:
        told = await state.get_data()
        enrolled = await authenticators.is_enrolled(session, known(actor).account_id)
        await state.set_data({})
        await state.set_state(Enrolling.removal if enrolled else Enrolling.password)
    await _take_back_picture(bot, message, told)
    await ask(message, Enrolling.removal if enrolled else Enrolling.password, texts)


@does(Verb.SET_AUTHENTICATOR)
async def take_password(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
    hasher: Hasher,
    key: bytes,
) -> None:
    await prove(message, actor, effects, hasher)
    async with effects.begin() as session:
        address = await authenticators.enrol(session, known(actor), texts.hospital, key, effects.at)
        await state.set_state(Enrolling.code)
    shown = await message.answer_photo(
        BufferedInputFile(_picture(address), "authenticator.png"),
        caption=texts("authenticator.scan", secret=_secret_of(address)),
        protect_content=True,
    )
    await state.update_data(picture=shown.message_id)


@does(Verb.SET_AUTHENTICATOR)
async def take_first_code(
    message: Message, bot: Bot, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, key: bytes
) -> None:
    """Right: the picture goes, the recovery codes come, once."""
    await hide(message)
    async with effects.begin() as session:
        spare = await authenticators.confirm(session, known(actor), message.text or "", key, effects.at)
        told = await state.get_data()
        if spare is not None:
            await state.clear()
    if spare is None:
        raise FactorWrong
    await _take_back_picture(bot, message, told)
    noted = keyboards.rows([(texts.plain("button.noted"), keyboards.Noted())])
    codes = Html("\n".join(f"<code>{code}</code>" for code in spare))
    await message.answer(texts("authenticator.done", codes=codes), reply_markup=noted, protect_content=True)


@does(Verb.SET_AUTHENTICATOR)
async def forget_shown(query: CallbackQuery) -> None:
    """The codes are on paper now: out of the chat."""
    await query.answer()
    if isinstance(query.message, Message):
        await hide(query.message)


@does(Verb.SET_AUTHENTICATOR)
async def remove(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, key: bytes
) -> None:
    await hide(message)
    guesses = f"factor:{known(actor).account_id}"
    async with effects.begin() as session:
        await logins.spend(session, guesses, effects.at)
        right = await authenticators.remove(session, known(actor), message.text or "", key, effects.at)
        if right:
            await logins.forgive(session, guesses)
            await state.clear()
    if not right:
        raise FactorWrong
    await message.answer(texts("authenticator.removed"))


async def _take_back_picture(bot: Bot, message: Message, told: Mapping[str, Any]) -> None:
    if "picture" in told:
        with suppress(TelegramBadRequest):
            await bot.delete_message(private_chat(message), told["picture"])


def _picture(address: str) -> bytes:
    png = BytesIO()
    segno.make(address, error="m").save(png, kind="png", scale=6)
    return png.getvalue()


def _secret_of(address: str) -> str:
    """For who cannot scan: in groups of four, as apps ask for it."""
    secret = address.partition("secret=")[2].partition("&")[0]
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(authenticator, Command("authenticator"))
    forms: dict[State, Handler] = {
        Enrolling.password: take_password,
        Enrolling.code: take_first_code,
        Enrolling.removal: remove,
    }
    listen(router, forms)
    router.callback_query.register(forget_shown, keyboards.Noted.filter())
    return router
