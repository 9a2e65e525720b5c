"""One-time codes typed into the chat."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Message

from handlers.ui.parsing import parse_email
from handlers.ui.replies import delete_message, private_chat_id
from handlers.ui.texts import Texts
from handlers.views.questions import ask
from workflow.accounts import invitations, registration
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


async def mail_code(message: Message, following: State, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Mail a confirmation code to the typed address, and ask for it in the state `following`.

    The chat sees no difference for an address that has an account. Raises InviteForOther where the form began with an
    invitation of another address."""
    email = parse_email(message.text)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    async with uow.begin() as session:
        invite = (await state.get_data()).get("invite")
        if invite:
            await invitations.check_address(session, invite, email)
        await registration.request_email_code(session, private_chat_id(message), email, texts.language, uow.at)
        await state.update_data(email=email)
        await state.set_state(following)
    await ask(message, following, texts, email=email, invited=bool(invite))
