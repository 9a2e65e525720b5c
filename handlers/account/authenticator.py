"""/authenticator: enrol an authenticator app (TOTP) by a QR code and its first code, or remove it."""

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

from handlers.access import requires
from handlers.account.passwords import require_password
from handlers.ui import callbacks, keyboards
from handlers.ui.forms import Enrolling
from handlers.ui.parsing import register_answers
from handlers.ui.replies import Handler, delete_message, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.questions import ask
from models.tables.codes import Change
from workflow.accounts import authenticators, logins
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.credentials import changes
from workflow.errors import FactorWrong
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SET_AUTHENTICATOR)
async def authenticator(
    message: Message, bot: Bot, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Ask for the password first, so that an unattended open chat cannot be used to enrol an app."""
    async with uow.begin() as session:
        data = await state.get_data()
        enrolled = await authenticators.is_enrolled(session, actor.account_id)
        await state.set_data({})
        await state.set_state(Enrolling.removal if enrolled else Enrolling.password)
    await _delete_picture(bot, message, data)
    await ask(message, Enrolling.removal if enrolled else Enrolling.password, texts)


@requires(Permission.SET_AUTHENTICATOR)
async def take_password(
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    hasher: PasswordHasher,
    secret_key: bytes,
) -> None:
    await require_password(message, actor, uow, hasher)
    async with uow.begin() as session:
        address = await authenticators.enrol(session, actor, texts.hospital, secret_key, uow.at)
        await state.set_state(Enrolling.code)
    sent = await message.answer_photo(
        BufferedInputFile(_qr_code(address), "authenticator.png"),
        caption=texts("authenticator.scan", secret=_secret_of(address)),
        protect_content=True,
    )
    await state.update_data(picture=sent.message_id)


@requires(Permission.SET_AUTHENTICATOR)
async def take_first_code(
    message: Message, bot: Bot, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    """Confirm the enrolment: delete the QR code and show the recovery codes once."""
    await delete_message(message)
    async with uow.begin() as session:
        recovery_codes = await authenticators.confirm(session, actor, message.text or "", secret_key, uow.at)
        data = await state.get_data()
        if recovery_codes is not None:
            await state.clear()
            await changes.note(session, actor.account_id, Change.AUTHENTICATOR, uow.at, message.chat.id)
    if recovery_codes is None:
        raise FactorWrong
    await _delete_picture(bot, message, data)
    button = keyboards.rows([(texts.plain("button.noted"), callbacks.Noted())])
    codes = Html("\n".join(f"<code>{code}</code>" for code in recovery_codes))
    await message.answer(texts("authenticator.done", codes=codes), reply_markup=button, protect_content=True)


@requires(Permission.SET_AUTHENTICATOR)
async def delete_recovery_codes(query: CallbackQuery, message: Message) -> None:
    """Delete the recovery codes from the chat; the button confirms that they were noted."""
    await query.answer()
    await delete_message(message)


@requires(Permission.SET_AUTHENTICATOR)
async def remove(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    await delete_message(message)
    bucket = f"factor:{actor.account_id}"
    async with uow.begin() as session:
        await logins.count_attempt(session, bucket, uow.at)
        correct = await authenticators.remove(session, actor, message.text or "", secret_key, uow.at)
        if correct:
            await logins.reset_failures(session, bucket)
            await state.clear()
            await changes.note(session, actor.account_id, Change.AUTHENTICATOR, uow.at, message.chat.id)
    if not correct:
        raise FactorWrong
    await message.answer(texts("authenticator.removed"))


async def _delete_picture(bot: Bot, message: Message, data: Mapping[str, Any]) -> None:
    if "picture" in data:
        with suppress(TelegramBadRequest):
            await bot.delete_message(private_chat_id(message), data["picture"])


def _qr_code(address: str) -> bytes:
    png = BytesIO()
    segno.make(address, error="m").save(png, kind="png", scale=6)
    return png.getvalue()


def _secret_of(address: str) -> str:
    """The secret in groups of four characters, for typing instead of scanning."""
    secret = address.partition("secret=")[2].partition("&")[0]
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(authenticator, Command("authenticator", ignore_case=True))
    forms: dict[State, Handler] = {
        Enrolling.password: take_password,
        Enrolling.code: take_first_code,
        Enrolling.removal: remove,
    }
    register_answers(router, forms)
    router.callback_query.register(delete_recovery_codes, callbacks.Noted.filter())
    return router
