"""A typed password: out of the chat first, counted, compared away from the event loop."""

from aiogram.types import Message

from handlers.ui.replies import hide, known, private_chat
from workflow.accounts import logins
from workflow.accounts.passwords import Hasher
from workflow.actors import Actor
from workflow.errors import WrongPassword
from workflow.scans import queries
from workflow.unit_of_work import Effects


async def proves(message: Message, email: str, effects: Effects, hasher: Hasher) -> bool:
    """Whether this is the password of the address. Raises LoginLocked while chat or address rest."""
    await hide(message)
    chat_id = private_chat(message)
    async with effects.begin() as session:
        expected = await logins.attempt(session, chat_id, email, effects.at)
    right = await hasher.matches(message.text or "", expected)
    async with effects.begin() as session:
        if right:
            await logins.right(session, chat_id, email)
        else:
            await logins.wrong(session, email, effects.at)
    return right


async def prove(message: Message, actor: Actor | None, effects: Effects, hasher: Hasher) -> None:
    """Whoever acts has typed the password of their own account. Raises WrongPassword or LoginLocked."""
    if not await proves(message, await own_email(actor, effects), effects, hasher):
        raise WrongPassword


async def own_email(actor: Actor | None, effects: Effects) -> str:
    async with effects.look() as session:
        return (await queries.account_of(session, known(actor))).email
