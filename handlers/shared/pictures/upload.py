"""Intake of a picture: from the chat through the checks into the vault, as a new scan."""

import asyncio
from io import BytesIO
from typing import Final, NamedTuple

from aiogram import Bot
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State

from handlers.ui import captions
from handlers.ui.forms import Describing
from handlers.ui.pending import PictureMessage, remove_pending
from inference.errors import Reason, Refused
from inference.intake import CheckedPicture, check_picture
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from models.crypto.vault import Vault
from models.tables.accounts import load_patient_key
from workflow.actors import Actor
from workflow.scans import intake
from workflow.unit_of_work import UnitOfWork

DOWNLOAD_LIMIT: Final = 20 * 1024 * 1024  # bytes, of the Bot API


class Taken(NamedTuple):
    """A picture that became a scan, the question to ask about it, and the earlier scan with the same picture."""

    scan_id: int
    question: State | None
    same_as: int | None


class Questions(NamedTuple):
    """The states that ask about a new scan."""

    complaint: State
    since: State


OWN_QUESTIONS: Final = Questions(Describing.complaint, Describing.since)


class IntakeTools(NamedTuple):
    """`at_desk`: the picture is sent by staff, and waits for no patient's."""

    bot: Bot
    classifier: Classifier
    decoder: DecoderPool
    vault: Vault
    at_desk: bool = False


async def intake_picture(
    picture: PictureMessage,
    actor: Actor,
    state: FSMContext,
    uow: UnitOfWork,
    tools: IntakeTools,
    questions: Questions | None = None,
) -> Taken:
    """Download and check the picture, store it and create the scan of the actor's account; jobs then show the card.

    The caption of each picture of an album is part of the complaint; there is one question for all of them. Raises
    Refused."""
    original, display, modality, picture_hash = await _download(picture, tools)
    async with uow.read() as session:
        secret = await load_patient_key(session, actor.account_id)
    files = await asyncio.to_thread(tools.vault.put_picture, original, display, secret)
    asked = questions or OWN_QUESTIONS
    try:
        async with uow.begin() as session:
            sent = intake.Upload(*files, modality, picture.album, picture_hash)
            scan = await intake.create_scan(session, actor, sent, uow.at)
            await remove_pending(picture, state, uow)
            is_first = await _is_first_of_album(state, picture.album)
            words = await captions.take(picture, state, uow)
            question = asked.since if words else asked.complaint
            if is_first:
                await state.set_state(question)
                await state.set_data({"scan_id": scan.id, "album": picture.album, "patient": actor.account_id})
            if words:
                await intake.add_to_complaint(session, actor, scan.id, words, uow.at)
    except BaseException:
        for name in files:
            await asyncio.to_thread(tools.vault.delete, name)
        raise
    return Taken(scan.id, question if is_first else None, scan.same_as["scan"] if scan.same_as else None)


async def save_description(text: str, field: str, actor: Actor, state: FSMContext, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        scan_id = (await state.get_data())["scan_id"]
        await intake.record_complaint(session, actor, scan_id, field, text.strip(), uow.at)


async def _is_first_of_album(state: FSMContext, album: str | None) -> bool:
    """Whether to ask the questions, once for an album."""
    return album is None or (await state.get_data()).get("album") != album


async def _download(picture: PictureMessage, tools: IntakeTools) -> CheckedPicture:
    """Raises Refused."""
    if picture.size > DOWNLOAD_LIMIT:
        raise Refused(Reason.TOO_LARGE)
    data = BytesIO()
    await tools.bot.download(picture.file_id, data)
    run = tools.decoder.run if tools.at_desk else tools.decoder.run_upload
    return await run(check_picture, data.getvalue(), tools.decoder, tools.classifier)
