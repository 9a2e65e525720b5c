"""One-time codes typed into the chat."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from handlers.ui.replies import delete_message
from workflow.accounts.codes import Verdict
from workflow.actors import Actor
from workflow.unit_of_work import UnitOfWork

Confirm = Callable[..., Awaitable[Verdict]]  # (session, actor, subject, typed code, secret key, time)


async def confirm_by_code(
    message: Message,
    actor: Actor,
    state: FSMContext,
    uow: UnitOfWork,
    secret_key: bytes,
    confirm: Confirm,
    subject: Callable[[dict[str, Any]], object],
) -> dict[str, Any]:
    """Delete the typed code from the chat and let `confirm` verify it for the subject that the form data name.

    Returns the form data. The attempt is counted and committed before a wrong code is refused. Raises CodeError."""
    await delete_message(message)
    async with uow.begin() as session:
        data = await state.get_data()
        verdict = await confirm(session, actor, subject(data), message.text or "", secret_key, uow.at)
        if verdict is not Verdict.WRONG:
            await state.clear()
    verdict.raise_if_wrong()
    return data
