"""The patient's side: send a picture, say what troubles you, follow it to the report."""

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from faq.answer import Faq
from handlers.access import does
from handlers.patient import upload
from handlers.shared.emergency import Cry, heard
from handlers.ui import keyboards
from handlers.ui.forms import Consenting, Telling
from handlers.ui.parsing import WORDS
from handlers.ui.questions import ask
from handlers.ui.replies import edit, known, private_chat
from handlers.ui.texts import Catalogues, Html, Texts
from inference.errors import Refused
from inference.model.classifier import Classifier
from inference.upload.decoder import Darkroom
from models.crypto.vault import Vault
from workflow.accounts import consent
from workflow.actors import Actor
from workflow.permissions import Verb
from workflow.scans import cards, queries
from workflow.unit_of_work import Effects


@does(Verb.UPLOAD)
async def take_picture(
    message: Message,
    bot: Bot,
    actor: Actor | None,
    state: FSMContext,
    effects: Effects,
    texts: Texts,
    classifier: Classifier,
    darkroom: Darkroom,
    vault: Vault,
    catalogues: Catalogues,
    faq: Faq,
) -> None:
    """Nothing is kept of somebody who has not agreed: Telegram keeps the picture until they have.

    A cry for help below it is answered and told to the staff first, whatever becomes of the picture."""
    sent = upload.sent_in(message)
    if cry := heard(message, texts, catalogues, faq):
        await message.answer(cry.answer)
        async with effects.apart() as session:
            await cry.note(session, message, actor, effects)
    async with effects.look() as session:
        agreed = await consent.has_agreed(session, known(actor))
    if agreed:
        tools = upload.Tools(bot, classifier, darkroom, vault)
        asked = await upload.take_in(sent, known(actor), state, effects, tools)
    else:
        asked = Consenting.asked if await upload.put_off(sent, state, effects) else None
    if asked:
        await ask(message, asked, texts)


@does(Verb.UPLOAD)
async def agree(
    query: CallbackQuery,
    bot: Bot,
    actor: Actor | None,
    state: FSMContext,
    effects: Effects,
    texts: Texts,
    classifier: Classifier,
    darkroom: Darkroom,
    vault: Vault,
) -> None:
    """The agreement stands on its own, and each picture leaves those that wait with the scan that it opens: after a
    fault the same press, or another, goes on with the rest. One that is refused says so and holds up no other."""
    effects.may_repeat()
    message = query.message if isinstance(query.message, Message) else None
    async with effects.begin() as session:
        waiting = await upload.waiting(state)
        await consent.agree(session, known(actor), effects.at)
        await state.set_state(None)
    tools = upload.Tools(bot, classifier, darkroom, vault)
    for sent in waiting:
        try:
            asked = await upload.take_in(sent, known(actor), state, effects, tools)
        except Refused as refusal:
            await upload.waits_no_longer(sent, state, effects)
            if message:
                await message.answer(texts(f"upload.{refusal.reason}"))
        else:
            if asked and message:
                await ask(message, asked, texts)
    await edit(query, texts("consent.agreed"))


@does(Verb.UPLOAD)
async def not_now(query: CallbackQuery, actor: Actor | None, state: FSMContext, effects: Effects, texts: Texts) -> None:
    async with effects.begin() as session:
        await consent.decline(session, known(actor), effects.at)
        await upload.forget_waiting(state)
        await state.clear()
    await edit(query, texts("consent.declined"))


@does(Verb.DESCRIBE)
async def take_complaint(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
    catalogues: Catalogues,
    faq: Faq,
) -> None:
    await _take(message, "complaint", Telling.since, actor, state, effects, heard(message, texts, catalogues, faq))
    await ask(message, Telling.since, texts)


@does(Verb.DESCRIBE)
async def skip_complaint(query: CallbackQuery, state: FSMContext, texts: Texts) -> None:
    await state.set_state(Telling.since)
    await edit(query, texts("scan.skipped"))
    if isinstance(query.message, Message):
        await ask(query.message, Telling.since, texts)


@does(Verb.DESCRIBE)
async def take_since(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
    catalogues: Catalogues,
    faq: Faq,
) -> None:
    await _take(message, "since", None, actor, state, effects, heard(message, texts, catalogues, faq))
    await message.answer(texts("scan.thanks"))


async def _take(
    message: Message,
    field: str,
    then: State | None,
    actor: Actor | None,
    state: FSMContext,
    effects: Effects,
    cry: Cry | None,
) -> None:
    """What troubles somebody may be an emergency: the words are kept for the doctor, and answered as a cry at once."""
    async with effects.begin() as session:
        await upload.note(message.text or "", field, actor, state, effects)
        await state.set_state(then)
        if cry is not None:
            await cry.note(session, message, actor, effects)
    if cry is not None:
        await message.answer(cry.answer)


@does(Verb.DESCRIBE)
async def skip_since(query: CallbackQuery, state: FSMContext, texts: Texts) -> None:
    await state.set_state(None)
    await edit(query, texts("scan.thanks"))


@does(Verb.SEE_OWN)
async def list_scans(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/scans: where each stands, newest first."""
    async with effects.look() as session:
        scans = await queries.own_scans(session, known(actor))
    lines = [
        texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=texts(f"stage.{scan.status}"))
        for scan in scans
    ]
    await message.answer(Html("\n".join([texts("scans.head"), *lines])) if lines else texts("scans.none"))


@does(Verb.SEE_OWN)
async def status(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/status: the newest scan's card at the bottom of the chat, live from now on."""
    async with effects.begin() as session:
        scans = await queries.own_scans(session, known(actor), limit=1)
        for scan in scans:
            cards.show(session, scan.id, private_chat(message), effects.at, fresh=True)
    if not scans:
        await message.answer(texts("scans.none"))


@does(Verb.TALK)
async def no_picture(message: Message, texts: Texts) -> None:
    """A voice, a video, a sticker: say what is wanted instead."""
    await message.answer(texts("upload.no_picture"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(list_scans, Command("scans"))
    router.message.register(status, Command("status"))
    router.message.register(take_picture, F.photo | F.document)
    router.callback_query.register(agree, keyboards.Consent.filter(F.agree))
    router.callback_query.register(not_now, keyboards.Consent.filter(~F.agree))
    router.message.register(take_complaint, StateFilter(Telling.complaint), WORDS)
    router.message.register(take_since, StateFilter(Telling.since), WORDS)
    router.callback_query.register(skip_complaint, keyboards.Skip.filter(), StateFilter(Telling.complaint))
    router.callback_query.register(skip_since, keyboards.Skip.filter(), StateFilter(Telling.since))
    router.message.register(no_picture, ~F.text)
    return router
