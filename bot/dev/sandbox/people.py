"""Actions of a person: send text, photos, documents and contacts, press buttons, block the bot."""

import asyncio
from collections.abc import Sequence

from bot.dev.sandbox.api.calls import Upload
from bot.dev.sandbox.api.links import units
from bot.dev.sandbox.api.media import captioned
from bot.dev.sandbox.api.responses import Json
from bot.dev.sandbox.api.texts import TEXT_LIMIT, plain
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.store import Entry, Person


class ClientRequestRefused(Exception):
    """A Telegram app would not allow this action; `status` is the HTTP status of the client API."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def send_text(engine: Engine, person: Person, text: str) -> Entry:
    words, entities = plain(text)
    if not words:
        raise ClientRequestRefused(400, "an empty message cannot be sent")
    if units(words) > TEXT_LIMIT:
        raise ClientRequestRefused(400, f"a message has at most {TEXT_LIMIT} characters")
    return _send(engine, person, [{"text": words} | ({"entities": entities} if entities else {})])[0]


def edit_text(engine: Engine, person: Person, message_id: int, text: str) -> Entry:
    """Edit an own message: the bot gets an `edited_message`."""
    entry = engine.store.find(person.chat_id, message_id)
    if entry is None or not entry.outgoing or "text" not in entry.body:
        raise ClientRequestRefused(404, "there is no such message of this person")
    words, entities = plain(text)
    kept = {key: value for key, value in entry.body.items() if key != "entities"}
    new = {"text": words, "edit_date": engine.now()} | ({"entities": entities} if entities else {})
    engine.change(entry, kept | new)
    engine.add_update("edited_message", person, entry.body)
    return entry


async def send_photos(engine: Engine, person: Person, pictures: Sequence[Upload], caption: str = "") -> list[Entry]:
    """Send pictures as photos, several as an album. Raises ApiError for data that is no photo."""
    photos: list[Json] = [{"photo": await engine.files.add_photo(picture.data)} for picture in pictures]
    return _send(engine, person, photos, caption)


def send_documents(engine: Engine, person: Person, files: Sequence[Upload], caption: str = "") -> list[Entry]:
    """Send files as they are, several as an album."""
    documents: list[Json] = [{"document": engine.files.add_document(file)} for file in files]
    return _send(engine, person, documents, caption)


def send_voice(engine: Engine, person: Person, sound: Upload, seconds: int) -> Entry:
    """Send a voice message that lasts so many seconds."""
    return _send(engine, person, [{"voice": engine.files.add_voice(sound) | {"duration": seconds}}])[0]


def share_contact(engine: Engine, person: Person, contact: Json) -> Entry:
    """Share any contact; one without `user_id` belongs to no Telegram account."""
    return _send(engine, person, [{"contact": contact}])[0]


async def press_button(engine: Engine, person: Person, message_id: int, data: str, wait: float) -> Json:
    """Press a button, or pretend to: Telegram's servers do not check that the message has it."""
    _require_unblocked(person)
    engine.start_chat(person)
    begin = engine.events.last
    pressed = engine.callback_queries.open(person.chat_id)
    query = {
        "id": pressed.query_id,
        "from": person.user(),
        "message": _pressed_message(engine, person, message_id),
        "chat_instance": str(9_000_000_000_000_000_000 + person.chat_id),
        "data": data,
    }
    engine.add_update("callback_query", person, query)
    try:
        async with asyncio.timeout(wait):
            reply = await asyncio.shield(pressed.reply)
    except TimeoutError:
        reply = None
    shown = {"text": reply.text, "show_alert": reply.show_alert} if reply else {"text": None, "show_alert": False}
    return {"answered": reply is not None, "event": begin} | shown


def set_blocked(engine: Engine, person: Person, blocked: bool) -> None:
    """Block or unblock the bot, with a `my_chat_member` update."""
    if person.blocked == blocked:
        return
    engine.start_chat(person)
    person.blocked = blocked
    member: Json = {"status": "member", "user": engine.bot()}
    gone: Json = {"status": "kicked", "user": engine.bot(), "until_date": 0}
    change: Json = {"chat": person.chat(), "from": person.user(), "date": engine.now()}
    before, after = (member, gone) if blocked else (gone, member)
    engine.add_update("my_chat_member", person, change | {"old_chat_member": before, "new_chat_member": after})
    engine.publish_person(person)


def _send(engine: Engine, person: Person, contents: Sequence[Json], caption: str = "") -> list[Entry]:
    _require_unblocked(person)
    group = {"media_group_id": engine.next_group()} if len(contents) > 1 else {}
    first = captioned(plain(caption)) if caption else {}
    return [
        engine.add_person_message(person, content | group | (first if place == 0 else {}))
        for place, content in enumerate(contents)
    ]


def _require_unblocked(person: Person) -> None:
    if person.blocked:
        raise ClientRequestRefused(409, "this person has blocked the bot; unblock it first")


def _pressed_message(engine: Engine, person: Person, message_id: int) -> Json:
    """The message of a callback query; a deleted one is an InaccessibleMessage with date 0."""
    entry = engine.store.find(person.chat_id, message_id)
    if entry is None:
        return {"chat": person.chat(), "message_id": message_id, "date": 0}
    return entry.body
