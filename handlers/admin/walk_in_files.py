"""A walk-in's file: the film is sent from the administrator's chat, the report is printed and handed over."""

import asyncio

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from handlers.access import requires
from handlers.shared.pictures import upload
from handlers.ui import callbacks
from handlers.ui.callbacks.walk_in import OnWalkIn, PrintReport, WalkInAction
from handlers.ui.file_forms import WalkingIn
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.pending import picture_in
from handlers.ui.replies import private_chat_id, send_view, show_alert, show_toast
from handlers.ui.texts import Texts
from handlers.views.files.walk_ins import file_view
from handlers.views.identity import who_line
from handlers.views.questions import ask
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from models.crypto.vault import Content, Vault
from models.tables.accounts import load_patient_key
from workflow.accounts.files import proxies, slips, walk_ins
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork

QUESTIONS = upload.Questions(WalkingIn.complaint, WalkingIn.since)


async def show(message: Message, patient_id: int, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """Send the file with its buttons. Raises NotFound."""
    async with uow.begin() as session:
        file = await walk_ins.file_of(session, actor, patient_id, uow.at)
    await send_view(message, file_view(file, texts))


async def ask_film(message: Message, patient_id: int, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """Ask for the film, with the name of the patient whose film it must be."""
    async with uow.begin() as session:
        file = await walk_ins.file_of(session, actor, patient_id, uow.at)
    await ask(message, WalkingIn.picture, texts, identity=who_line(file.account, texts))


@requires(Permission.SERVE_WALK_INS)
async def open_file(
    query: CallbackQuery, message: Message, callback_data: OnWalkIn, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    await show(message, callback_data.patient_id, actor, texts, uow)
    await query.answer()


@requires(Permission.SERVE_WALK_INS)
async def sign_again(
    query: CallbackQuery, message: Message, callback_data: OnWalkIn, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """A new consent lies at the desk. Raises NotFound."""
    async with uow.begin() as session:
        await walk_ins.sign_again(session, actor, callback_data.patient_id, uow.at)
    await query.answer()
    await show(message, callback_data.patient_id, actor, texts, uow)


@requires(Permission.SERVE_WALK_INS)
async def await_film(
    query: CallbackQuery,
    message: Message,
    callback_data: OnWalkIn,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """The next picture in this chat is this patient's. Raises NotFound."""
    async with uow.begin() as session:
        await proxies.act_for(session, actor, callback_data.patient_id)
        await state.set_data({"patient": callback_data.patient_id})
        await state.set_state(WalkingIn.picture)
    await query.answer()
    await ask_film(message, callback_data.patient_id, actor, texts, uow)


@requires(Permission.SERVE_WALK_INS)
async def take_picture(
    message: Message,
    bot: Bot,
    actor: Actor,
    state: FSMContext,
    uow: UnitOfWork,
    texts: Texts,
    classifier: Classifier,
    decoder: DecoderPool,
    vault: Vault,
) -> None:
    """Take in the film for the patient whom the open form names. Raises NotFound or Refused."""
    async with uow.read() as session:
        patient = await proxies.act_for(session, actor, (await state.get_data())["patient"])
        account = await queries.account_of(session, patient)
    tools = upload.IntakeTools(bot, classifier, decoder, vault, at_desk=True)
    taken = await upload.intake_picture(picture_in(message), patient, state, uow, tools, QUESTIONS)
    if taken.question:
        taken_in = texts("walk_in.taken_in", identity=who_line(account, texts), scan=taken.scan_id)
        await ask(message, taken.question, texts, identity=taken_in)


@requires(Permission.SERVE_WALK_INS)
async def take_complaint(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await _describe(message, "complaint", WalkingIn.since, actor, state, uow)
    await ask(message, WalkingIn.since, texts)


@requires(Permission.SERVE_WALK_INS)
async def skip_complaint(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin():
        await state.set_state(WalkingIn.since)
    await query.answer()
    await ask(message, WalkingIn.since, texts)


@requires(Permission.SERVE_WALK_INS)
async def take_since(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await _describe(message, "since", None, actor, state, uow)
    await _finish(message, actor, state, texts, uow)


@requires(Permission.SERVE_WALK_INS)
async def skip_since(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await query.answer()
    await _finish(message, actor, state, texts, uow)


async def _describe(
    message: Message, field: str, following: State | None, actor: Actor, state: FSMContext, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        patient = await proxies.act_for(session, actor, (await state.get_data())["patient"])
        await upload.save_description(message.text or "", field, patient, state, uow)
        await state.set_state(following)


async def _finish(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Close the form and show the file; the chat hears when the report is ready."""
    async with uow.begin():
        patient_id = (await state.get_data())["patient"]
        await state.clear()
    await message.answer(texts("walk_in.thanks"))
    await show(message, patient_id, actor, texts, uow)


@requires(Permission.ISSUE_SLIP)
async def issue_slip(
    query: CallbackQuery, callback_data: OnWalkIn, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """A job draws the slip and sends it to this chat. Raises NotFound or ProofMissing."""
    async with uow.begin() as session:
        await slips.issue(session, actor, callback_data.patient_id, private_chat_id(query), uow.at)
    await show_toast(query, texts.plain("slip.coming"))


@requires(Permission.SERVE_WALK_INS)
async def revoke_slip(
    query: CallbackQuery, callback_data: OnWalkIn, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await slips.revoke(session, actor, callback_data.patient_id, uow.at)
    await show_alert(query, texts("slip.revoked"))


@requires(Permission.PRINT_REPORT)
async def print_report(
    query: CallbackQuery,
    message: Message,
    callback_data: PrintReport,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    vault: Vault,
) -> None:
    """Send the report as a file that can be saved and printed. Raises NotFound or ProofMissing."""
    async with uow.begin() as session:
        report = await walk_ins.print_report(session, actor, callback_data.scan_id, uow.at)
        secret = await load_patient_key(session, report.scan.patient_id)
    pdf = await asyncio.to_thread(vault.get, report.file, secret, Content.REPORT)
    caption = texts("walk_in.print", identity=who_line(report.scan.patient, texts), number=report.number)
    await message.answer_document(BufferedInputFile(pdf, f"{report.number}.pdf"), caption=caption)
    await query.answer()


def routes() -> Router:
    router = Router(name=__name__)
    film = StateFilter(WalkingIn.picture, WalkingIn.complaint, WalkingIn.since)
    router.message.register(take_picture, film, F.photo | F.document)
    router.message.register(take_complaint, StateFilter(WalkingIn.complaint), TYPED_TEXT)
    router.message.register(take_since, StateFilter(WalkingIn.since), TYPED_TEXT)
    press = router.callback_query.register
    press(skip_complaint, callbacks.Skip.filter(), StateFilter(WalkingIn.complaint))
    press(skip_since, callbacks.Skip.filter(), StateFilter(WalkingIn.since))
    press(open_file, OnWalkIn.filter(F.action == WalkInAction.OPEN_FILE))
    press(await_film, OnWalkIn.filter(F.action == WalkInAction.SEND_FILM))
    press(sign_again, OnWalkIn.filter(F.action == WalkInAction.SIGNED_AGAIN))
    press(issue_slip, OnWalkIn.filter(F.action == WalkInAction.CLAIM_SLIP))
    press(revoke_slip, OnWalkIn.filter(F.action == WalkInAction.REVOKE_SLIP))
    press(print_report, PrintReport.filter())
    return router
