"""Voice notes of a patient: kept for the doctor with a complaint, and for the staff in an open conversation."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from io import BytesIO
from typing import Any, Final

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from handlers.access import requires
from handlers.patient import complaint
from handlers.ui import keyboards
from handlers.ui.forms import Describing
from handlers.ui.replies import private_chat_id
from handlers.ui.texts import Catalogues, Texts
from handlers.views.paging import join_blocks
from handlers.views.questions import ask
from models.crypto.vault import Content, Vault
from models.tables.accounts import load_patient_key
from workflow.actors import Actor
from workflow.desk import voice_notes
from workflow.desk.tickets import accepts_messages, open_ticket
from workflow.desk.voice_notes import Recording
from workflow.permissions import Permission
from workflow.scans.queries import scan_for
from workflow.unit_of_work import UnitOfWork

LONGEST: Final = 180  # seconds
LARGEST: Final = 3 * 1024 * 1024  # bytes
Keep = Callable[[Any, Recording], Awaitable[None]]  # (session, recording)


def _is_opus(data: bytes) -> bool:
    """Whether an Ogg page begins the data whose first packet is an Opus header (RFC 7845), as of every voice note."""
    return data.startswith(b"OggS") and data[28:36] == b"OpusHead"


async def talks_to_staff(message: Message, actor: Actor | None, uow: UnitOfWork) -> bool:
    """A filter: the chat of an account has an open conversation with the staff."""
    if actor is None:
        return False
    async with uow.read() as session:
        ticket = await open_ticket(session, private_chat_id(message))
    return ticket is not None and accepts_messages(ticket)


@requires(Permission.CALL_DESK)
async def relay_voice(
    message: Message, actor: Actor | None, texts: Texts, uow: UnitOfWork, bot: Bot, vault: Vault
) -> None:
    """Pass the voice note on in the open conversation of an account's chat."""
    assert actor is not None  # by `talks_to_staff`
    async with uow.read() as session:
        await voice_notes.check_room(session, actor, uow.at)

    async def keep(session: Any, spoken: Recording) -> None:  # noqa: ANN401 - handlers know no SQL
        await voice_notes.add_to_conversation(session, actor, private_chat_id(message), spoken, uow.at)

    if await _store(message, actor.account_id or 0, texts, uow, bot, vault, keep):
        text = join_blocks(texts("voice.passed_on"), texts("voice.cannot_hear"))
        await message.answer(text, reply_markup=keyboards.leave_desk(texts))


@requires(Permission.DESCRIBE)
async def take_complaint(
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
    bot: Bot,
    vault: Vault,
) -> None:
    """Keep the voice note with the complaint, beside what was chosen, and ask since when."""
    move_on = partial(_leave_complaint, actor, state, texts, catalogues, uow)
    if await _keep_with_scan(message, actor, state, texts, uow, bot, vault, move_on):
        await ask(message, Describing.since, texts)


async def _leave_complaint(
    actor: Actor, state: FSMContext, texts: Texts, catalogues: Catalogues, uow: UnitOfWork
) -> None:
    """Store the complaints that were chosen, and go on to the question since when."""
    async with uow.begin():
        if (await state.get_data()).get("chosen"):
            await complaint.save("", "complaint", Describing.since, actor, state, texts, catalogues, uow)
        else:
            await state.set_state(Describing.since)


@requires(Permission.DESCRIBE)
async def take_since(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, bot: Bot, vault: Vault
) -> None:
    if await _keep_with_scan(message, actor, state, texts, uow, bot, vault, partial(state.set_state, None)):
        view = await complaint.thanks(actor, state, texts, uow)
        await message.answer(view.text, reply_markup=view.keyboard)


async def _keep_with_scan(
    message: Message,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    bot: Bot,
    vault: Vault,
    move_on: Callable[[], Awaitable[None]],
) -> bool:
    """Keep the voice note with the scan that the form is about, move the form on with it, and say so."""
    scan_id = (await state.get_data())["scan_id"]
    async with uow.read() as session:
        scan = await scan_for(session, scan_id, actor, Permission.DESCRIBE)
        await voice_notes.check_room(session, actor, uow.at, scan.id)

    async def keep(session: Any, spoken: Recording) -> None:  # noqa: ANN401 - handlers know no SQL
        await voice_notes.add_to_scan(session, actor, scan_id, spoken, uow.at)
        await move_on()

    if not await _store(message, scan.patient_id, texts, uow, bot, vault, keep):
        return False
    await message.answer(join_blocks(texts("voice.taken"), texts("voice.cannot_hear")))
    return True


async def _store(
    message: Message, patient_id: int, texts: Texts, uow: UnitOfWork, bot: Bot, vault: Vault, keep: Keep
) -> bool:
    """Download the voice note and seal it with the patient's key; refuse one that is too long or no sound."""
    voice = message.voice
    assert voice is not None
    if voice.duration > LONGEST or (voice.file_size or 0) > LARGEST:
        await message.answer(texts("voice.too_long", minutes=LONGEST // 60))
        return False
    data = BytesIO()
    await bot.download(voice.file_id, data)
    if not _is_opus(data.getvalue()) or len(data.getvalue()) > LARGEST:
        await message.answer(texts("voice.not_taken"))
        return False
    async with uow.read() as session:
        data_key = await load_patient_key(session, patient_id)
    name = await asyncio.to_thread(vault.put, data.getvalue(), data_key, Content.VOICE)
    try:
        async with uow.begin() as session:
            await keep(session, Recording(name, voice.duration))
    except BaseException:
        await asyncio.to_thread(vault.delete, name)
        raise
    return True


@requires(Permission.PUBLIC_INFO)
async def refuse(message: Message, texts: Texts) -> None:
    """A voice note that nobody would hear: what to do in an emergency, and how to be heard."""
    await message.answer(texts("voice.not_taken"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(relay_voice, F.voice, talks_to_staff)
    router.message.register(take_complaint, F.voice, StateFilter(Describing.complaint))
    router.message.register(take_since, F.voice, StateFilter(Describing.since))
    router.message.register(refuse, F.voice)
    return router
