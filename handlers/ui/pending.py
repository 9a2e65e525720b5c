"""Pictures that wait at Telegram for the registration or the consent of their sender."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Document, Message, PhotoSize

from workflow.unit_of_work import UnitOfWork

MAX_PENDING: Final = 10  # pictures, one album


class PictureMessage(NamedTuple):
    """A picture as Telegram announces it, before the download; `size` in bytes."""

    file_id: str
    size: int
    album: str | None
    caption: str | None


def picture_in(message: Message) -> PictureMessage:
    file: Document | PhotoSize | None = message.document or (message.photo[-1] if message.photo else None)
    assert file is not None
    return PictureMessage(file.file_id, file.file_size or 0, message.media_group_id, message.caption)


async def postpone(picture: PictureMessage, state: FSMContext, uow: UnitOfWork, asked: State | None = None) -> bool:
    """Store the reference of a picture and set the state `asked`; without one an open form stays open.

    Returns whether to ask or answer, which is once an album."""
    async with uow.begin():
        before = await pending_pictures(state)
        await _pending_context(state).set_data({"waiting": [*before, picture][-MAX_PENDING:]})
        if asked is not None:
            await state.set_state(asked)
    return picture.album is None or picture.album not in {one.album for one in before}


async def pending_pictures(state: FSMContext) -> Sequence[PictureMessage]:
    return [PictureMessage(*one) for one in (await _pending_context(state).get_data()).get("waiting", [])]


async def remove_pending(picture: PictureMessage, state: FSMContext, uow: UnitOfWork) -> None:
    async with uow.begin():
        left = [one for one in await pending_pictures(state) if one != picture]
        await _pending_context(state).set_data({"waiting": left} if left else {})


async def clear_pending(state: FSMContext) -> None:
    await _pending_context(state).clear()


def _pending_context(state: FSMContext) -> FSMContext:
    """A second FSM context of the chat, so that the pending pictures and the open form do not overwrite each other."""
    return FSMContext(state.storage, replace(state.key, destiny="waiting"))
