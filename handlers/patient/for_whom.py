"""For whom: pictures wait until their sender has said whom they show, then become that patient's scans."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.patient import resent
from handlers.shared.pictures import upload
from handlers.shared.pictures.upload import IntakeTools, Taken
from handlers.ui import captions, pending
from handlers.ui.callbacks.family import DropPictures, PictureOf
from handlers.ui.file_forms import AddingPerson
from handlers.ui.forms import Consenting
from handlers.ui.pending import PictureMessage
from handlers.ui.replies import edit_message, send_view
from handlers.ui.texts import Texts
from handlers.views.files.family import choice_view
from handlers.views.identity import who_line
from handlers.views.paging import join_blocks
from handlers.views.questions import ask
from inference.errors import Refused
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from models.crypto.vault import Vault
from workflow import consent
from workflow.accounts.files import dependants, proxies
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork


async def ask_person(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Ask whom all waiting pictures show."""
    async with uow.read() as session:
        family = await dependants.of(session, actor)
    waiting = await pending.pending_pictures(state)
    await send_view(message, choice_view(actor, family, len(waiting), texts))


async def keep_caption(
    refusal: Refused, picture: PictureMessage, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Answer a refused picture. The words below it stay for the next one."""
    kept = await captions.keep(picture, state, uow)
    refused = texts(f"upload.{refusal.reason}")
    await message.answer(join_blocks(refused, texts("upload.words_kept")) if kept else refused)


async def take_waiting(
    message: Message, patient: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, tools: IntakeTools
) -> None:
    """Take in all waiting pictures as the patient's. A refused one is answered and does not hold up the others.

    Idempotent: each picture leaves the waiting ones with the scan that it opens."""
    for picture in await pending.pending_pictures(state):
        try:
            taken = await upload.intake_picture(picture, patient, state, uow, tools)
        except Refused as refusal:
            await pending.remove_pending(picture, state, uow)
            await keep_caption(refusal, picture, message, state, texts, uow)
        else:
            await ask_about(message, taken, patient, state, texts, uow)


async def ask_about(
    message: Message, taken: Taken, patient: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Ask about a new scan, if there is a question; it names the patient, and the way out of a mistake."""
    if taken.same_as:
        await resent.ask_same_picture(message, taken.scan_id, taken.same_as, texts)
    if not taken.question:
        return
    async with uow.begin() as session:
        name = who_line(await queries.account_of(session, patient), texts)
        if patient.proxy is not None:
            await state.update_data(identity=name)
    sentence = "for_whom.own" if patient.proxy is None else "for_whom.taken"
    identity = texts(sentence, identity=name, scan=taken.scan_id)
    await ask(message, taken.question, texts, identity=identity)


@requires(Permission.UPLOAD)
async def choose(
    query: CallbackQuery,
    message: Message,
    callback_data: PictureOf,
    bot: Bot,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    classifier: Classifier,
    decoder: DecoderPool,
    vault: Vault,
) -> None:
    """Take in the waiting pictures for the chosen patient, who has agreed or is asked to first.

    Raises NotFound, or StaleAction where no picture waits."""
    uow.mark_idempotent()
    async with uow.begin() as session:
        if not await pending.pending_pictures(state):
            raise StaleAction
        patient = await proxies.act_for(session, actor, callback_data.patient_id)
        agreed = await consent.has_agreed(session, patient)
        account = await queries.account_of(session, patient)
        asked = Consenting.asked if patient.proxy is None else AddingPerson.consent
        await state.set_state(None if agreed else asked)
        await state.set_data({"patient": patient.account_id})
    if agreed:
        await take_waiting(message, patient, state, texts, uow, IntakeTools(bot, classifier, decoder, vault))
    else:
        await ask(message, asked, texts, identity=who_line(account, texts))
    await edit_message(query, texts("for_whom.chosen", identity=who_line(account, texts)))


@requires(Permission.UPLOAD)
async def drop(query: CallbackQuery, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Throw the waiting pictures away."""
    async with uow.begin():
        await pending.clear_pending(state)
        await state.clear()
    await edit_message(query, texts("consent.declined"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(choose, PictureOf.filter())
    router.callback_query.register(drop, DropPictures.filter())
    return router
