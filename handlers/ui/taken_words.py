"""Messages whose words were taken in, so that an edit of one replaces what it gave."""

from dataclasses import replace
from typing import Final, NamedTuple

from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from workflow.unit_of_work import UnitOfWork

MOST: Final = 20  # messages of a chat, the newest
DESK: Final = "desk"  # the kind of words for the staff; the others are fields of a scan


class TakenWords(NamedTuple):
    """The words of a message and their place: a field of a scan (`complaint`, `since`), or a message to the staff."""

    kind: str
    number: int
    text: str


async def remember(message: Message, taken: TakenWords, state: FSMContext, uow: UnitOfWork) -> None:
    async with uow.begin():
        words = dict((await _context(state).get_data()).get("words", {}))
        words.pop(str(message.message_id), None)
        words[str(message.message_id)] = list(taken)
        await _context(state).set_data({"words": dict(list(words.items())[-MOST:])})


async def recall(message: Message, state: FSMContext) -> TakenWords | None:
    """The words of this message as they were taken in; None for any other message."""
    found = (await _context(state).get_data()).get("words", {}).get(str(message.message_id))
    return TakenWords(*found) if found else None


def _context(state: FSMContext) -> FSMContext:
    """A further FSM context of the chat, which the open form does not overwrite."""
    return FSMContext(state.storage, replace(state.key, destiny="words"))
