"""A typed code: out of the chat first, judged in one transaction, counted before it is told."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from handlers.ui.replies import hide
from workflow.accounts.codes import Verdict
from workflow.unit_of_work import Effects

Judge = Callable[[Any, dict[str, Any]], Awaitable[Verdict]]  # in the session, of what the form knows


async def use_code(message: Message, state: FSMContext, effects: Effects, judge: Judge) -> dict[str, Any]:
    """What the form knew of the deed that the code confirmed; raises when the code does not fit."""
    await hide(message)
    async with effects.begin() as session:
        told = await state.get_data()
        verdict = await judge(session, told)
        if verdict is not Verdict.WRONG:
            await state.clear()
    verdict.demand()
    return told
