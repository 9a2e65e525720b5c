"""Erasure of the own account (/forget) or of a child's file (/family), after a button and the proof of identity."""

from datetime import timedelta
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account.contact import proof_state, register_contacts, require_proof
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks.family import FamilyAction, OnPerson
from handlers.ui.forms import Erasing
from handlers.ui.parsing import register_answers
from handlers.ui.replies import acknowledge, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.questions import ask
from workflow.accounts.files import dependants
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.privacy import erasure
from workflow.privacy.erasure import ErasureProgress
from workflow.scans import queries
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
async def explain_child(
    query: CallbackQuery,
    message: Message,
    callback_data: OnPerson,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    retention: timedelta,
) -> None:
    """Say what the erasure of a child's file means; nothing is erased yet. Raises NotFound."""
    async with uow.read() as session:
        child = await dependants.child_of(session, actor, callback_data.patient_id, uow.at)
        progress = await erasure.preview(session, child, retention, uow.at)
        name = (await queries.account_of(session, child)).name
    would = _sentence(f"family.erase.would.{progress.stage}", progress, texts)
    sure = OnPerson(action=FamilyAction.ERASE_SURE, patient_id=callback_data.patient_id)
    await query.answer()
    await message.answer(
        Html(f"{texts('family.erase.ask', name=name)}\n\n{would}"),
        reply_markup=keyboards.rows([(texts.plain("button.erase_sure"), sure)]),
        protect_content=True,
    )


@requires(Permission.ERASE_SELF)
async def confirm(
    query: CallbackQuery,
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    callback_data: callbacks.ConfirmForget | OnPerson,
) -> None:
    """Ask for the proof; the form keeps whose file it is for. Raises NotFound."""
    asked, form = proof_state(actor, Erasing.password), dict[str, Any]()
    async with uow.begin() as session:
        if isinstance(callback_data, OnPerson):
            child = await dependants.child_of(session, actor, callback_data.patient_id, uow.at)
            form = {"patient": child.account_id}
        await state.set_data(form)
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
    """Request the erasure. Raises NotFound for a child's file that this person cannot erase any more."""
    await require_proof(message, actor, uow, hasher)
    async with uow.begin() as session:
        patient_id = (await state.get_data()).get("patient")
        await state.clear()
        patient = await dependants.child_of(session, actor, patient_id, uow.at) if patient_id else actor
        progress = await erasure.request_erasure(session, patient, private_chat_id(message), retention, uow.at)
    key = f"family.erase.done.{progress.stage}" if patient_id else f"forget.done.{progress.stage}"
    done = _sentence(key, progress, texts)
    keys_gone = ReplyKeyboardRemove() if message.contact else None
    await message.answer(done, reply_markup=keys_gone, protect_content=True)


def _sentence(key: str, progress: ErasureProgress, texts: Texts) -> Html:
    """The sentence with the date until which reports are retained, and the scans concerned."""
    scans = ", ".join(f"#{scan}" for scan in progress.scans)
    return texts(key, day=texts.date_of(progress.until) if progress.until else "", scans=scans)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(explain, Command("forget", ignore_case=True))
    router.callback_query.register(explain, callbacks.ForgetMe.filter())
    router.callback_query.register(explain_child, OnPerson.filter(F.action == FamilyAction.ERASE_FILE))
    router.callback_query.register(confirm, callbacks.ConfirmForget.filter())
    router.callback_query.register(confirm, OnPerson.filter(F.action == FamilyAction.ERASE_SURE))
    register_answers(router, {Erasing.password: take_proof})
    register_contacts(router, {Erasing.contact: take_proof})
    return router
