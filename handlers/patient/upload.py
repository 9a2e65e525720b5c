"""A picture on its way from the chat into the clinic."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Final, NamedTuple

from aiogram import Bot
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Document, Message, PhotoSize

from handlers.ui.forms import Consenting, Telling
from handlers.ui.replies import known
from inference.errors import Reason, Refused
from inference.model.bundle import Modality
from inference.model.classifier import Classifier
from inference.upload.decoder import Darkroom
from models.crypto.keys import Secret
from models.crypto.vault import Content, Vault
from models.tables.people import patient_key
from workflow.actors import Actor
from workflow.scans import intake
from workflow.unit_of_work import Effects

DOWNLOAD_LIMIT: Final = 20 * 1024 * 1024  # the Bot API's
SHOWN: Final = 2048  # pixels of the longer side for people; the original is kept, and Telegram shows no larger photo
WAITING: Final = 10  # pictures, an album's worth


class Sent(NamedTuple):
    """What is known of a picture before it is fetched; Telegram keeps it."""

    file_id: str
    size: int
    album: str | None
    caption: str | None


class Tools(NamedTuple):
    bot: Bot
    classifier: Classifier
    darkroom: Darkroom
    vault: Vault


def sent_in(message: Message) -> Sent:
    file: Document | PhotoSize | None = message.document or (message.photo[-1] if message.photo else None)
    assert file is not None
    return Sent(file.file_id, file.file_size or 0, message.media_group_id, message.caption)


async def put_off(sent: Sent, state: FSMContext, effects: Effects) -> bool:
    """Remember where the picture lies, not the picture. Whether the question is still to be asked: once an album."""
    async with effects.begin():
        before = await waiting(state)
        await _beside(state).set_data({"waiting": [*before, sent][-WAITING:]})
        await state.set_state(Consenting.asked)
    return sent.album is None or sent.album not in {one.album for one in before}


async def waiting(state: FSMContext) -> Sequence[Sent]:
    return [Sent(*one) for one in (await _beside(state).get_data()).get("waiting", [])]


async def waits_no_longer(sent: Sent, state: FSMContext, effects: Effects) -> None:
    async with effects.begin():
        left = [one for one in await waiting(state) if one != sent]
        await _beside(state).set_data({"waiting": left} if left else {})


async def forget_waiting(state: FSMContext) -> None:
    await _beside(state).clear()


def _beside(state: FSMContext) -> FSMContext:
    """Pictures wait beside whatever form is open, so that none of it overwrites them."""
    return FSMContext(state.storage, replace(state.key, destiny="waiting"))


async def take_in(sent: Sent, actor: Actor, state: FSMContext, effects: Effects, tools: Tools) -> State | None:
    """Check the picture, keep it, open a scan; the status card follows as a job. Gives what is to be asked about it."""
    original, shown, modality = await _read(sent, tools)
    async with effects.look() as session:
        secret = await patient_key(session, actor.account_id)
    files = await asyncio.to_thread(_keep, tools.vault, secret, original, shown)
    asked = Telling.since if sent.caption else Telling.complaint
    try:
        async with effects.begin() as session:
            scan = await intake.open_scan(session, actor, intake.Upload(*files, modality, sent.album), effects.at)
            await waits_no_longer(sent, state, effects)
            first = await _first_of_album(state, sent.album)
            if first:
                await state.set_state(asked)
                await state.set_data({"scan_id": scan.id, "album": sent.album})
            if first and sent.caption:
                await note(sent.caption, "complaint", actor, state, effects)
    except BaseException:
        for name in files:
            await asyncio.to_thread(tools.vault.drop, name)
        raise
    return asked if first else None


async def note(words: str, field: str, actor: Actor | None, state: FSMContext, effects: Effects) -> None:
    async with effects.begin() as session:
        scan_id = (await state.get_data())["scan_id"]
        await intake.describe(session, known(actor), scan_id, field, words.strip()[:500], effects.at)


def _keep(vault: Vault, secret: Secret, original: bytes, shown: bytes) -> tuple[str, str]:
    """Both or neither: a disk without room for the second does not keep the first."""
    first = vault.put(original, secret, Content.ORIGINAL)
    try:
        return first, vault.put(shown, secret, Content.PICTURE)
    except OSError:
        vault.drop(first)
        raise


async def _first_of_album(state: FSMContext, album: str | None) -> bool:
    """The questions are asked once for an album, however many pictures it holds."""
    return album is None or (await state.get_data()).get("album") != album


async def _read(sent: Sent, tools: Tools) -> tuple[bytes, bytes, Modality]:
    """The bytes as sent, the picture as it will be shown, and what kind of scan it is. Raises Refused."""
    if sent.size > DOWNLOAD_LIMIT:
        raise Refused(Reason.TOO_LARGE)
    data = BytesIO()
    await tools.bot.download(sent.file_id, data)
    original = data.getvalue()
    return original, *await tools.darkroom.aside(_check, original, tools)


def _check(original: bytes, tools: Tools) -> tuple[bytes, Modality]:
    admission = tools.classifier.admit(tools.darkroom.open(original))
    return admission.picture.jpeg(longest=SHOWN), admission.modality
