"""Edited messages: the new words replace those that were taken in while that is open, else their author is told."""

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from faq.answer import Faq
from handlers.access import requires
from handlers.shared import faq as faq_room
from handlers.ui.replies import private_chat_id
from handlers.ui.taken_words import DESK, TakenWords, recall, remember
from handlers.ui.texts import Catalogues, Texts
from handlers.views.questions import repeat_question
from workflow.actors import Actor
from workflow.desk import edits
from workflow.desk.hours import DeskHours
from workflow.permissions import Permission
from workflow.scans import intake
from workflow.unit_of_work import UnitOfWork


@requires(Permission.PUBLIC_INFO)
async def take_edit(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
    faq: Faq,
    desk_hours: DeskHours,
    raw_state: str | None = None,
) -> None:
    """An edited question is a new question; edited words of a complaint or to the staff replace the earlier ones."""
    taken = await recall(message, state)
    text = (message.text or message.caption or "").strip()
    if taken is None and raw_state is None and message.text and not message.text.startswith("/"):
        await faq_room.answer(message, actor, state, texts, catalogues, uow, faq, desk_hours)
        return
    if taken is not None and await _replace(taken, text, message, actor, state, uow):
        await message.answer(texts("edit.taken"))
        return
    await message.answer(texts("edit.late"))
    async with uow.begin():
        await repeat_question(message, state, texts)


async def _replace(
    taken: TakenWords, text: str, message: Message, actor: Actor | None, state: FSMContext, uow: UnitOfWork
) -> bool:
    """Replace the words; returns False where they cannot be changed any more."""
    async with uow.begin() as session:
        if taken.kind == DESK:
            replaced = await edits.edit_message(session, private_chat_id(message), taken.number, text, uow.at)
        elif actor is not None:
            change = intake.Change(taken.kind, taken.text, text)
            replaced = await intake.change_description(session, actor, taken.number, change, uow.at)
        else:
            replaced = False
        if replaced:
            await remember(message, taken._replace(text=text), state, uow)
    return replaced


def routes() -> Router:
    router = Router(name=__name__)
    router.edited_message.register(take_edit, F.text | F.caption)
    return router
