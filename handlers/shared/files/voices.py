"""Voice notes of patients, played to the staff by one press on a card or in a conversation; each is recorded."""

import asyncio
from collections.abc import Sequence

from aiogram import F, Router
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from handlers.access import requires
from handlers.shared.files.opening import open_files
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.desk import PlayVoice
from handlers.ui.texts import Texts
from models.crypto.keys import DataKey
from models.crypto.vault import Content, Vault
from models.tables.accounts import VoiceNote, load_patient_key
from workflow.actors import Actor
from workflow.desk import voice_notes
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_HISTORY)
async def play_complaint(
    query: CallbackQuery,
    message: Message,
    callback_data: OnCard,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    vault: Vault,
) -> None:
    """Send the voice notes of a scan's complaint."""
    scan, data_key = await open_files(callback_data, actor, uow)
    await query.answer()
    await _play(message, scan.voices, data_key, texts, vault)


@requires(Permission.SERVE_DESK)
async def play_words(
    query: CallbackQuery,
    message: Message,
    callback_data: PlayVoice,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    vault: Vault,
) -> None:
    """Send a voice note of a conversation that the actor has claimed."""
    async with uow.begin() as session:
        note = await voice_notes.open_note(session, actor, callback_data.note_id, uow.at)
        data_key = await load_patient_key(session, note.patient_id)
    await query.answer()
    await _play(message, [note], data_key, texts, vault)


async def _play(message: Message, notes: Sequence[VoiceNote], data_key: DataKey, texts: Texts, vault: Vault) -> None:
    for note in notes:
        sound = await asyncio.to_thread(vault.get, note.file, data_key, Content.VOICE)
        file, caption = BufferedInputFile(sound, f"voice-{note.id}.ogg"), texts("voice.of", time=texts.time(note.at))
        await message.answer_voice(file, caption=caption, duration=note.seconds, protect_content=True)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(play_complaint, OnCard.filter(F.action == CardAction.VOICE))
    router.callback_query.register(play_words, PlayVoice.filter())
    return router
