"""The patient: send a picture, describe the complaint, follow the scan (/scans, /status)."""

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.patient import complaint, edits, facts, for_whom, page, resent, voice
from handlers.patient import family as relatives
from handlers.shared.pictures import upload
from handlers.ui import callbacks, pending
from handlers.ui.file_forms import ChoosingPerson
from handlers.ui.forms import Consenting
from handlers.ui.replies import edit_message, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.questions import ask
from handlers.views.rejection import stage_text
from inference.errors import Refused
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from models.crypto.vault import Vault
from models.tables.scans import Scan
from workflow import consent
from workflow.accounts.files import dependants
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import cards, queries
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
    """Take in a picture. Of a person who acts for others ask first whom it shows, of one who has not agreed ask for
    the consent, and leave the picture at Telegram until then."""
    picture = pending.picture_in(message)
    async with uow.read() as session:
        agreed = await consent.has_agreed(session, actor)
        acts = bool(await dependants.of(session, actor))
    if acts:
        if await pending.postpone(picture, state, uow, ChoosingPerson.asked):
            await for_whom.ask_person(message, actor, state, texts, uow)
        return
    if not agreed:
        if await pending.postpone(picture, state, uow, Consenting.asked):
            await ask(message, Consenting.asked, texts)
        return
    tools = upload.IntakeTools(bot, classifier, decoder, vault)
    try:
        taken = await upload.intake_picture(picture, actor, state, uow, tools)
    except Refused as refusal:
        await for_whom.keep_caption(refusal, picture, message, state, texts, uow)
        return
    await for_whom.ask_about(message, taken, actor, state, texts, uow)


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
        await consent.agree(session, actor, uow.at)
        await state.set_state(None)
    tools = upload.IntakeTools(bot, classifier, decoder, vault)
    await for_whom.take_waiting(message, actor, state, texts, uow, tools)
    await edit_message(query, texts("consent.agreed"))


@requires(Permission.UPLOAD)
async def decline_consent(query: CallbackQuery, actor: Actor, state: FSMContext, uow: UnitOfWork, texts: Texts) -> None:
    async with uow.begin() as session:
        await consent.decline(session, actor, uow.at)
        await pending.clear_pending(state)
        await state.clear()
    await edit_message(query, texts("consent.declined"))


@requires(Permission.SEE_OWN)
async def list_scans(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """/scans: number, time and stage of each scan, newest first."""
    async with uow.read() as session:
        scans = await queries.own_scans(session, actor)
    lines = [_line(scan, actor, texts) for scan in scans]
    await message.answer(Html("\n".join([texts("scans.head"), *lines])) if lines else texts("scans.none"))


def _line(scan: Scan, actor: Actor, texts: Texts) -> Html:
    """Number, time and stage; of a relative's scan also the name."""
    line = texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=stage_text(scan, texts))
    return line if scan.patient_id == actor.account_id else texts("scans.line_of", line=line, name=scan.patient.name)


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
    """A video or sticker: explain what can be sent."""
    await message.answer(texts("upload.no_picture"))


def routes() -> Router:
    router = Router(name=__name__)
    router.include_routers(resent.routes(), relatives.routes(), for_whom.routes(), voice.routes(), page.routes())
    router.message.register(list_scans, Command("scans", ignore_case=True))
    router.message.register(status, Command("status", ignore_case=True))
    router.message.register(take_picture, F.photo | F.document)
    router.callback_query.register(give_consent, callbacks.Consent.filter(F.agree))
    router.callback_query.register(decline_consent, callbacks.Consent.filter(~F.agree))
    router.include_routers(complaint.routes(), edits.routes())
    router.include_router(facts.routes())
    router.message.register(reject_other_media, ~F.text, ~F.voice)
    return router
