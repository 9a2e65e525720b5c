"""The patient: send a picture, describe the complaint, follow the scan (/scans, /status)."""

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.patient import facts, resent, upload
from handlers.ui import callbacks, pending
from handlers.ui.forms import Consenting, Describing
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import View, edit_message, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.facts import confirm_keyboard, facts_block, offer_keyboard
from handlers.views.paging import join_blocks
from handlers.views.questions import ask
from handlers.views.rejection import stage_text
from inference.errors import Refused
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from models.crypto.vault import Vault
from workflow.accounts import consent
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import cards, patient_facts, queries
from workflow.unit_of_work import UnitOfWork


@requires(Permission.UPLOAD)
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
    """Take in a picture, or ask for consent first and leave the picture at Telegram until it is given."""
    picture = pending.picture_in(message)
    async with uow.read() as session:
        agreed = await consent.has_agreed(session, actor)
    if agreed:
        tools = upload.IntakeTools(bot, classifier, decoder, vault)
        taken = await upload.intake_picture(picture, actor, state, uow, tools)
        if taken.same_as:
            await resent.ask_same_picture(message, taken.scan_id, taken.same_as, texts)
        question = taken.question
    else:
        question = Consenting.asked if await pending.postpone(picture, state, uow, Consenting.asked) else None
    if question:
        await ask(message, question, texts)


@requires(Permission.UPLOAD)
async def give_consent(
    query: CallbackQuery,
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
    """Record the consent and take in the pending pictures.

    Idempotent: each picture leaves the pending ones with the scan that it opens, so after a failure the next press
    continues with the rest. A refused picture is answered and does not hold up the others."""
    uow.mark_idempotent()
    async with uow.begin() as session:
        waiting = await pending.pending_pictures(state)
        await consent.agree(session, actor, uow.at)
        await state.set_state(None)
    tools = upload.IntakeTools(bot, classifier, decoder, vault)
    for picture in waiting:
        try:
            taken = await upload.intake_picture(picture, actor, state, uow, tools)
        except Refused as refusal:
            await pending.remove_pending(picture, state, uow)
            await message.answer(texts(f"upload.{refusal.reason}"))
        else:
            if taken.question:
                await ask(message, taken.question, texts)
    await edit_message(query, texts("consent.agreed"))


@requires(Permission.UPLOAD)
async def decline_consent(query: CallbackQuery, actor: Actor, state: FSMContext, uow: UnitOfWork, texts: Texts) -> None:
    async with uow.begin() as session:
        await consent.decline(session, actor, uow.at)
        await pending.clear_pending(state)
        await state.clear()
    await edit_message(query, texts("consent.declined"))


@requires(Permission.DESCRIBE)
async def take_complaint(
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    await _save_answer(message, "complaint", Describing.since, actor, state, uow)
    await ask(message, Describing.since, texts)


@requires(Permission.DESCRIBE)
async def skip_complaint(query: CallbackQuery, message: Message, state: FSMContext, texts: Texts) -> None:
    await state.set_state(Describing.since)
    await edit_message(query, texts("scan.skipped"))
    await ask(message, Describing.since, texts)


@requires(Permission.DESCRIBE)
async def take_since(
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    await _save_answer(message, "since", None, actor, state, uow)
    view = await _thanks(actor, texts, uow)
    await message.answer(view.text, reply_markup=view.keyboard)


async def _thanks(actor: Actor, texts: Texts, uow: UnitOfWork) -> View:
    """The end of the description; where the patient's facts are due, with the offer to ask or confirm."""
    async with uow.read() as session:
        due = await patient_facts.are_due(session, actor, uow.at)
        known = await patient_facts.facts_of(session, actor.account_id)
    if not due:
        return View(texts("scan.thanks"))
    if known:
        again = texts("facts.confirm", facts=facts_block(known, texts))
        return View(join_blocks(texts("scan.thanks"), again), confirm_keyboard(texts))
    return View(join_blocks(texts("scan.thanks"), texts("facts.offer")), offer_keyboard(texts))


async def _save_answer(
    message: Message,
    field: str,
    following: State | None,
    actor: Actor,
    state: FSMContext,
    uow: UnitOfWork,
) -> None:
    """Store the text for the doctor."""
    async with uow.begin():
        await upload.save_description(message.text or "", field, actor, state, uow)
        await state.set_state(following)


@requires(Permission.DESCRIBE)
async def skip_since(query: CallbackQuery, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await state.set_state(None)
    view = await _thanks(actor, texts, uow)
    await edit_message(query, view.text, view.keyboard)


@requires(Permission.SEE_OWN)
async def list_scans(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """/scans: number, time and stage of each scan, newest first."""
    async with uow.read() as session:
        scans = await queries.own_scans(session, actor)
    lines = [
        texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=stage_text(scan, texts))
        for scan in scans
    ]
    await message.answer(Html("\n".join([texts("scans.head"), *lines])) if lines else texts("scans.none"))


@requires(Permission.SEE_OWN)
async def status(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """/status: send the live card of the newest scan; of the earlier one where that was closed as the same picture."""
    async with uow.begin() as session:
        scans = await queries.own_scans(session, actor, limit=1)
        for scan in scans:
            shown = scan.same_as["scan"] if scan.same_as and queries.is_duplicate(scan) else scan.id
            cards.enqueue_card(session, shown, private_chat_id(message), uow.at, fresh=True)
    if not scans:
        await message.answer(texts("scans.none"))


@requires(Permission.PUBLIC_INFO)
async def reject_other_media(message: Message, texts: Texts) -> None:
    """A voice message, video or sticker: explain what can be sent."""
    await message.answer(texts("upload.no_picture"))


def routes() -> Router:
    router = Router(name=__name__)
    router.include_router(resent.routes())
    router.message.register(list_scans, Command("scans"))
    router.message.register(status, Command("status"))
    router.message.register(take_picture, F.photo | F.document)
    router.callback_query.register(give_consent, callbacks.Consent.filter(F.agree))
    router.callback_query.register(decline_consent, callbacks.Consent.filter(~F.agree))
    router.message.register(take_complaint, StateFilter(Describing.complaint), TYPED_TEXT)
    router.message.register(take_since, StateFilter(Describing.since), TYPED_TEXT)
    router.callback_query.register(skip_complaint, callbacks.Skip.filter(), StateFilter(Describing.complaint))
    router.callback_query.register(skip_since, callbacks.Skip.filter(), StateFilter(Describing.since))
    router.include_router(facts.routes())
    router.message.register(reject_other_media, ~F.text)
    return router
