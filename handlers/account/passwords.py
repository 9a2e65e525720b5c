"""Passwords: verified for a sensitive action, changed with the current one, or reset with a mailed code."""

from datetime import datetime, timedelta
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Message

from handlers.access import requires
from handlers.ui.forms import SECRET_STATES, Changing, Resetting
from handlers.ui.parsing import parse_email, register_answers
from handlers.ui.replies import Handler, delete_message, private_chat_id
from handlers.ui.texts import Catalogues, Texts
from handlers.views.questions import ask
from workflow.accounts import logins, password_reset
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.errors import CodeSpent, FactorWrong, WrongPassword
from workflow.permissions import Permission
from workflow.requester import Requester, requester_of
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork

RESET_VALIDITY: Final = timedelta(minutes=15)  # between the proof of identity and the new password


@requires(Permission.CHANGE_PASSWORD)
async def change(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    if actor.by_phone:
        await message.answer(texts("password.none"))
        return
    async with uow.begin():
        await state.set_data({})
        await state.set_state(Changing.current)
    await ask(message, Changing.current, texts)


@requires(Permission.CHANGE_PASSWORD)
async def take_current(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, hasher: PasswordHasher
) -> None:
    await require_password(message, actor, uow, hasher)
    email = await own_email(actor, uow)
    async with uow.begin():
        await state.set_data({"email": email, "until": (uow.at + RESET_VALIDITY).isoformat()})
        await state.set_state(Changing.new)
    await ask(message, Changing.new, texts)


@requires(Permission.RESET_PASSWORD)
async def reset(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Mail a code to the account's address; a chat without an account is asked for the address."""
    if actor is not None and actor.by_phone:
        await message.answer(texts("password.none"))
        return
    if actor is not None:
        await _send_code(message, await own_email(actor, uow), state, texts, uow)
        return
    async with uow.begin():
        await state.set_data({})
        await state.set_state(Resetting.email)
    await ask(message, Resetting.email, texts)


@requires(Permission.RESET_PASSWORD)
async def take_email(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    email = parse_email(message.text) if actor is None else await own_email(actor, uow)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    await _send_code(message, email, state, texts, uow)


async def _send_code(message: Message, email: str, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await password_reset.request_reset_code(session, private_chat_id(message), email, texts.language, uow.at)
        await state.set_data({"email": email})
        await state.set_state(Resetting.code)
    await ask(message, Resetting.code, texts, email=email)


@requires(Permission.RESET_PASSWORD)
async def take_code(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes) -> None:
    await delete_message(message)
    async with uow.begin() as session:
        email = (await state.get_data())["email"]
        chat_id = private_chat_id(message)
        verdict = await password_reset.verify_reset_code(
            session, chat_id, email, message.text or "", secret_key, uow.at
        )
        enrolled = verdict is verdict.RIGHT and await password_reset.has_authenticator(session, email)
        asked = Resetting.factor if enrolled else Resetting.new
        if verdict is verdict.RIGHT:
            await state.update_data(until=(uow.at + RESET_VALIDITY).isoformat())
            await state.set_state(asked)
    verdict.raise_if_wrong()
    await ask(message, asked, texts)


@requires(Permission.RESET_PASSWORD)
async def take_factor(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes) -> None:
    """The authenticator app's code, after the mailed one."""
    await delete_message(message)
    async with uow.begin() as session:
        email = (await state.get_data())["email"]
        correct = await password_reset.verify_authenticator(session, email, message.text or "", secret_key, uow.at)
        if correct:
            await state.set_state(Resetting.new)
    if not correct:
        raise FactorWrong
    await ask(message, Resetting.new, texts)


@requires(Permission.RESET_PASSWORD)
async def take_new(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    uow: UnitOfWork,
    catalogues: Catalogues,
    hasher: PasswordHasher,
) -> None:
    """Set the password and sign out every other chat of the account."""
    await delete_message(message)
    data = await state.get_data()
    if datetime.fromisoformat(data["until"]) <= uow.at:
        await state.clear()
        raise CodeSpent
    hashed = await hasher.hash(message.text or "", [data["email"]], private_chat_id(message), requester_of(actor))
    async with uow.begin() as session:
        actor = await password_reset.set_password(session, private_chat_id(message), data["email"], hashed, uow.at)
        await state.clear()
    await message.answer(catalogues.of(actor.language)("password.done"))


@requires(Permission.PUBLIC_INFO)
async def delete_command_like_secret(message: Message, texts: Texts) -> None:
    """Delete a password or code that begins with a slash, as a command does, and ask for it without the slash."""
    await delete_message(message)
    await message.answer(texts("password.slash"))


async def check_password(
    message: Message, email: str, uow: UnitOfWork, hasher: PasswordHasher, requester: Requester
) -> bool:
    """Delete the message and compare its text with the password of the address, hashing off the event loop.

    The attempt is counted. Raises LoginLocked after too many failures of the chat or the address."""
    await delete_message(message)
    hasher.check_room(requester)
    chat_id = private_chat_id(message)
    async with uow.begin() as session:
        expected = await logins.begin_attempt(session, chat_id, email, uow.at)
    correct = await hasher.matches(message.text or "", expected, requester)
    async with uow.begin() as session:
        if correct:
            await logins.record_success(session, chat_id, email)
        else:
            await logins.record_failure(session, email, uow.at)
    return correct


async def require_password(message: Message, actor: Actor, uow: UnitOfWork, hasher: PasswordHasher) -> None:
    """Require the password of the actor's own account. Raises WrongPassword or LoginLocked."""
    if not await check_password(message, await own_email(actor, uow), uow, hasher, requester_of(actor)):
        raise WrongPassword


async def own_email(actor: Actor, uow: UnitOfWork) -> str:
    """The address of the actor's account; empty where it has none."""
    async with uow.read() as session:
        return (await queries.account_of(session, actor)).email or ""


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(change, Command("password", ignore_case=True))
    router.message.register(reset, Command("reset", ignore_case=True))
    forms: dict[State, Handler] = {
        Changing.current: take_current,
        Changing.new: take_new,
        Resetting.email: take_email,
        Resetting.code: take_code,
        Resetting.factor: take_factor,
        Resetting.new: take_new,
    }
    register_answers(router, forms)
    return router


def late_routes() -> Router:
    """Routes to be registered after every command."""
    router = Router(name=f"{__name__}.late")
    router.message.register(delete_command_like_secret, StateFilter(*SECRET_STATES), F.text)
    return router
