"""A picture that comes before there is an account: kept until the registration or the sign-in, then offered."""

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from handlers.access import requires
from handlers.ui.forms import Consenting
from handlers.ui.pending import clear_pending, pending_pictures, picture_in, postpone
from handlers.ui.replies import private_chat_id
from handlers.ui.texts import Catalogues, Texts
from handlers.views.questions import ask
from models.vocabulary import Role
from workflow.accounts import sessions
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


async def without_account(_: Message, actor: Actor | None) -> bool:
    """A filter: the chat has no account."""
    return actor is None


@requires(Permission.REGISTER)
async def keep_picture(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Keep the reference of the picture; the picture itself stays at Telegram until its sender agrees."""
    if await postpone(picture_in(message), state, uow):
        await message.answer(texts("upload.kept"))


async def ask_consent_for_pending(message: Message, state: FSMContext, uow: UnitOfWork, catalogues: Catalogues) -> None:
    """After a registration or sign-in: ask a patient for consent to kept pictures; staff's are dropped."""
    async with uow.begin() as session:
        actor = await sessions.actor_for(session, private_chat_id(message))
        pending = actor is not None and await pending_pictures(state)
        if not actor or not pending:
            return
        if actor.role is not Role.PATIENT:
            await clear_pending(state)
            return
        await state.set_state(Consenting.asked)
    await ask(message, Consenting.asked, catalogues.of(actor.language))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(keep_picture, F.photo | F.document, without_account)
    return router
