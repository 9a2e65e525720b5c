"""The words below pictures: of every picture of an album, and of a refused picture for the one that follows it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aiogram.fsm.context import FSMContext

from handlers.ui.pending import PictureMessage
from workflow.unit_of_work import UnitOfWork

MAX_KEPT: Final = 10  # captions, one album


async def keep(picture: PictureMessage, state: FSMContext, uow: UnitOfWork) -> bool:
    """Keep the caption of a refused picture for the next picture; returns whether it has one."""
    if not (picture.caption or "").strip():
        return False
    async with uow.begin():
        kept = [*await _kept(state), picture.caption][-MAX_KEPT:]
        await _context(state).set_data({"captions": kept})
    return True


async def take(picture: PictureMessage, state: FSMContext, uow: UnitOfWork) -> str:
    """The caption of the picture after those that were kept, which are not kept any longer; may be empty."""
    async with uow.begin():
        kept = await _kept(state)
        if kept:
            await _context(state).clear()
    words = [one.strip() for one in (*kept, picture.caption or "")]
    return "\n".join(dict.fromkeys(filter(None, words)))


async def _kept(state: FSMContext) -> Sequence[str]:
    return list((await _context(state).get_data()).get("captions", ()))


def _context(state: FSMContext) -> FSMContext:
    """A further FSM context of the chat: the open form and the kept captions do not overwrite each other."""
    return FSMContext(state.storage, replace(state.key, destiny="captions"))
