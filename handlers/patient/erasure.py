"""/forget: explain the erasure, confirm it with a button, and erase the account after the proof of identity."""

from datetime import timedelta

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account.contact import proof_state, register_contacts, require_proof
from handlers.ui import callbacks, keyboards
from handlers.ui.forms import Erasing
from handlers.ui.parsing import register_answers
from handlers.ui.replies import acknowledge, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.questions import ask
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.privacy import erasure
from workflow.privacy.erasure import ErasureProgress
from workflow.unit_of_work import UnitOfWork


@requires(Permission.ERASE_SELF)
async def explain(
    event: Message | CallbackQuery, actor: Actor, texts: Texts, uow: UnitOfWork, retention: timedelta
) -> None:
    """/forget, or its button: explain the consequences; nothing is erased yet."""
    async with uow.read() as session:
        progress = await erasure.preview(session, actor, retention, uow.at)
    text = Html(f"{texts('forget.ask')}\n\n{_sentence(f'forget.would.{progress.stage}', progress, texts)}")
    buttons = [
        (texts.plain("button.forget_yes"), callbacks.ConfirmForget()),
        (texts.plain("button.export"), callbacks.ExportMe()),
    ]
    message = await acknowledge(event)
    await message.answer(text, reply_markup=keyboards.rows(buttons, width=1), protect_content=True)


@requires(Permission.ERASE_SELF)
async def confirm(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    asked = proof_state(actor, Erasing.password)
    async with uow.begin():
        await state.set_data({})
        await state.set_state(asked)
    await query.answer()
    await ask(message, asked, texts)


@requires(Permission.ERASE_SELF)
async def take_proof(
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    hasher: PasswordHasher,
    retention: timedelta,
) -> None:
    await require_proof(message, actor, uow, hasher)
    async with uow.begin() as session:
        await state.clear()
        progress = await erasure.request_erasure(session, actor, private_chat_id(message), retention, uow.at)
    done = _sentence(f"forget.done.{progress.stage}", progress, texts)
    keys_gone = ReplyKeyboardRemove() if message.contact else None
    await message.answer(done, reply_markup=keys_gone, protect_content=True)


def _sentence(key: str, progress: ErasureProgress, texts: Texts) -> Html:
    """The sentence with the date until which reports are retained, and the scans concerned."""
    scans = ", ".join(f"#{scan}" for scan in progress.scans)
    return texts(key, day=texts.date_of(progress.until) if progress.until else "", scans=scans)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(explain, Command("forget"))
    router.callback_query.register(explain, callbacks.ForgetMe.filter())
    router.callback_query.register(confirm, callbacks.ConfirmForget.filter())
    register_answers(router, {Erasing.password: take_proof})
    register_contacts(router, {Erasing.contact: take_proof})
    return router
