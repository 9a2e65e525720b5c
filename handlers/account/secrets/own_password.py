"""The own password, typed where none is asked for: taken out of the chat before anything else reads it."""

import unicodedata
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
LONGEST: Final = 64  # signs of what is compared
MOST_DIGITS: Final = 8  # of a code, or of a date
MOST_WORDS: Final = 12  # of a text in which a password is looked for
MOST_MIXED: Final = 2  # words of one text that are compared
MARKS: Final = "\"'“”‘’.,;:"  # around a word, none of its own


def may_be_passwords(text: str, faq: Faq) -> list[str]:
    """The parts of a text that may be a password, the likeliest first; none of a command, a code or a long text.

    One word alone, unless it is one of every day; in a short text the words that mix letters with other signs, and the
    whole of it where at most half of its words are of every day."""
    words = text.split()
    if text.startswith("/") or len(words) > MOST_WORDS:
        return []
    if len(words) == 1:
        return [text] if _is_uncommon(text, faq) else []
    mixed = [word for one in words if _is_mixed(word := one.strip(MARKS)) and _is_uncommon(word, faq)]
    is_phrase = len(text) <= LONGEST and 2 * sum(word in faq.kept_words for word in words) <= len(words)
    return [*mixed[:MOST_MIXED], *([text] if is_phrase else [])]


def _is_uncommon(word: str, faq: Faq) -> bool:
    if not MIN_LENGTH <= len(word) <= LONGEST or (word.isdecimal() and len(word) <= MOST_DIGITS):
        return False
    return word not in faq.kept_words


def _is_mixed(word: str) -> bool:
    return any(sign.isalpha() for sign in word) and not all(unicodedata.category(sign)[0] in "LM" for sign in word)


async def is_own_password(
    message: Message,
    actor: Actor | None,
    uow: UnitOfWork,
    faq: Faq,
    hasher: PasswordHasher,
    raw_state: str | None = None,
) -> bool:
    """A filter: the text, or what stands below a picture, is or holds the password of the chat's account.

    Nothing is compared where a form asks for a password, nor for chats without an account: strangers spend nothing."""
    text = (message.text or message.caption or "").strip()
    if actor is None or actor.by_phone or raw_state in SECRETS or not (parts := may_be_passwords(text, faq)):
        return False
    async with uow.read() as session:
        expected = (await queries.account_of(session, actor)).password_hash
    chat_id, requester, is_alone = private_chat_id(message), requester_of(actor), parts == text.split()
    for part in parts:
        if await hasher.is_own(part, expected, chat_id, requester, is_alone=is_alone):
            return True
    return False


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
