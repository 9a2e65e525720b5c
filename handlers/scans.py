"""The patient's side: send a picture, say what troubles you, follow it to the report."""

import asyncio
from io import BytesIO
from typing import Final

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Document, Message, PhotoSize

from handlers import keyboards
from handlers.answers import edit, known, private_chat
from handlers.forms import Telling
from handlers.texts import Html, Texts
from inference.bundle import Modality
from inference.classifier import Classifier
from inference.errors import Reason, Refused
from inference.upload import open_picture
from models.people import Role
from models.vault import Vault
from workflow import cards, intake, queries
from workflow.actors import Actor
from workflow.errors import NotAllowed
from workflow.updates import Effects

DOWNLOAD_LIMIT: Final = 20 * 1024 * 1024  # the Bot API's


async def take_picture(
    message: Message,
    bot: Bot,
    actor: Actor | None,
    state: FSMContext,
    effects: Effects,
    texts: Texts,
    classifier: Classifier,
    vault: Vault,
) -> None:
    """Check the picture, keep it, open a scan; the status card follows as a job."""
    if known(actor).role is not Role.PATIENT:
        raise NotAllowed
    original, shown, modality = await _read(bot, message, classifier)
    files = await asyncio.to_thread(_keep, vault, original, shown)
    try:
        async with effects.begin() as session:
            upload = intake.Upload(*files, modality, message.media_group_id)
            scan = await intake.open_scan(session, known(actor), upload, effects.at)
            first = await _first_of_album(state, message.media_group_id)
            if first:
                await state.set_state(Telling.complaint)
                await state.set_data({"scan_id": scan.id, "album": message.media_group_id})
    except BaseException:
        for name in files:
            await asyncio.to_thread(vault.drop, name)
        raise
    if message.caption and first:
        await _note(message.caption, "complaint", actor, state, effects)
        await _ask_since(message, state, texts)
    elif first:
        await message.answer(texts("scan.complaint"), reply_markup=keyboards.skip(texts))


def _keep(vault: Vault, original: bytes, shown: bytes) -> tuple[str, str]:
    """Both or neither: a disk without room for the second does not keep the first."""
    first = vault.put(original)
    try:
        return first, vault.put(shown)
    except OSError:
        vault.drop(first)
        raise


async def _first_of_album(state: FSMContext, album: str | None) -> bool:
    """The questions are asked once for an album, however many pictures it holds."""
    return album is None or (await state.get_data()).get("album") != album


async def _read(bot: Bot, message: Message, classifier: Classifier) -> tuple[bytes, bytes, Modality]:
    """The bytes as sent, the picture as it will be shown, and what kind of scan it is. Raises Refused."""
    file: Document | PhotoSize | None = message.document or (message.photo[-1] if message.photo else None)
    assert file is not None
    if (file.file_size or 0) > DOWNLOAD_LIMIT:
        raise Refused(Reason.TOO_LARGE)
    data = BytesIO()
    await bot.download(file, data)
    original = data.getvalue()
    return original, *await asyncio.to_thread(_check, original, classifier)


def _check(original: bytes, classifier: Classifier) -> tuple[bytes, Modality]:
    admission = classifier.admit(open_picture(original))
    return admission.picture.jpeg(), admission.modality


async def take_complaint(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    await _note(message.text or "", "complaint", actor, state, effects)
    await _ask_since(message, state, texts)


async def skip_complaint(query: CallbackQuery, state: FSMContext, texts: Texts) -> None:
    await edit(query, texts("scan.skipped"))
    if isinstance(query.message, Message):
        await _ask_since(query.message, state, texts)


async def take_since(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    await _note(message.text or "", "since", actor, state, effects)
    await state.set_state(None)
    await message.answer(texts("scan.thanks"))


async def skip_since(query: CallbackQuery, state: FSMContext, texts: Texts) -> None:
    await state.set_state(None)
    await edit(query, texts("scan.thanks"))


async def _ask_since(message: Message, state: FSMContext, texts: Texts) -> None:
    await state.set_state(Telling.since)
    await message.answer(texts("scan.since"), reply_markup=keyboards.skip(texts))


async def _note(words: str, field: str, actor: Actor | None, state: FSMContext, effects: Effects) -> None:
    async with effects.begin() as session:
        scan_id = (await state.get_data())["scan_id"]
        await intake.describe(session, known(actor), scan_id, field, words.strip()[:500], effects.at)


async def list_scans(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/scans: where each stands, newest first."""
    async with effects.look() as session:
        scans = await queries.own_scans(session, known(actor))
    lines = [
        texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=texts(f"stage.{scan.status}"))
        for scan in scans
    ]
    await message.answer(Html("\n".join([texts("scans.head"), *lines])) if lines else texts("scans.none"))


async def status(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/status: the newest scan's card at the bottom of the chat, live from now on."""
    async with effects.begin() as session:
        scans = await queries.own_scans(session, known(actor), limit=1)
        for scan in scans:
            cards.show(session, scan.id, private_chat(message), effects.at, fresh=True)
    if not scans:
        await message.answer(texts("scans.none"))


async def no_picture(message: Message, texts: Texts) -> None:
    """A voice, a video, a sticker: say what is wanted instead."""
    await message.answer(texts("upload.no_picture"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(list_scans, Command("scans"))
    router.message.register(status, Command("status"))
    router.message.register(take_picture, F.photo | F.document)
    words = F.text & ~F.text.startswith("/")
    router.message.register(take_complaint, StateFilter(Telling.complaint), words)
    router.message.register(take_since, StateFilter(Telling.since), words)
    router.callback_query.register(skip_complaint, keyboards.Skip.filter(), StateFilter(Telling.complaint))
    router.callback_query.register(skip_since, keyboards.Skip.filter(), StateFilter(Telling.since))
    router.message.register(no_picture, ~F.text)
    return router
