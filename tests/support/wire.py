"""Hand-made updates in Telegram's format, from chats and senders that the sandbox does not offer."""

from datetime import UTC, datetime
from itertools import count

from aiogram.types import CallbackQuery, Chat, Message, Update, User

NUMBERS = count(10**9)


def pressed(data: str, sender: int, chat: int, kind: str = "private") -> Update:
    """A button under a message of `chat`, pressed by `sender`."""
    message = Message(message_id=1, date=datetime.now(UTC), chat=Chat(id=chat, type=kind), text="a keyboard")
    number = next(NUMBERS)
    query = CallbackQuery(id=str(number), from_user=_user(sender), chat_instance="1", data=data, message=message)
    return Update(update_id=number, callback_query=query)


def text_update(text: str, sender: int, chat: int, kind: str = "private") -> Update:
    place = Chat(id=chat, type=kind)
    message = Message(message_id=1, date=datetime.now(UTC), chat=place, from_user=_user(sender), text=text)
    return Update(update_id=next(NUMBERS), message=message)


def _user(number: int) -> User:
    return User(id=number, is_bot=False, first_name="Somebody")
