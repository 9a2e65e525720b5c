"""The own password, typed where none is asked for: taken out of the chat before anything else reads it."""

from typing import Final

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from faq.answer import Faq
from handlers.access import requires
from handlers.ui.forms import SECRET_STATES
from handlers.ui.replies import delete_message, private_chat_id
from handlers.ui.texts import Texts
from handlers.views.questions import repeat_question
from workflow.accounts.passwords import MIN_LENGTH, PasswordHasher
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.requester import requester_of
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork

SECRETS: Final = frozenset(state.state for state in SECRET_STATES)
LONGEST: Final = 64  # signs of a word that is compared
MOST_DIGITS: Final = 8  # of a code, or of a date


def may_be_password(text: str, faq: Faq) -> bool:
    """Whether the text is one word of a password's length: no command, no code, no word of every day."""
    if not MIN_LENGTH <= len(text) <= LONGEST or text.startswith("/") or len(text.split()) > 1:
        return False
    return not (text.isdecimal() and len(text) <= MOST_DIGITS) and text not in faq.kept_words


async def is_own_password(
    message: Message,
    actor: Actor | None,
    uow: UnitOfWork,
    faq: Faq,
    hasher: PasswordHasher,
    raw_state: str | None = None,
) -> bool:
    """A filter: the text, or what stands below a picture, is the password of the chat's account; no form asks for one.

    Chats without an account compare nothing, so strangers spend nothing."""
    text = (message.text or message.caption or "").strip()
    if actor is None or actor.by_phone or raw_state in SECRETS or not may_be_password(text, faq):
        return False
    async with uow.read() as session:
        expected = (await queries.account_of(session, actor)).password_hash
    return await hasher.is_own(text, expected, private_chat_id(message), requester_of(actor))


@requires(Permission.PUBLIC_INFO)
async def remove(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Delete the message; nothing of it is stored or passed on, and an open form asks again.

    A picture goes with the words below it, which Telegram cannot take away alone, and is asked for again."""
    await delete_message(message)
    await message.answer(texts("password.removed_with_file" if message.caption else "password.removed"))
    async with uow.begin():
        await repeat_question(message, state, texts)


def routes() -> Router:
    """Registered before the forms, the FAQ and the conversations with the staff."""
    router = Router(name=__name__)
    for observer in (router.message, router.edited_message):
        observer.register(remove, F.text | F.caption, is_own_password)
    return router
