"""Methods that send messages."""

from typing import Final

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.markup import Markup, read_markup
from bot.dev.sandbox.api.media import album_contents, media_content
from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request
from bot.dev.sandbox.api.texts import message_text, with_preview
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.store import Person

ACTIONS: Final = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}


async def send_message(engine: Engine, call: Call) -> Json:
    return _send(engine, call, with_preview(call, message_text(call)))


async def send_photo(engine: Engine, call: Call) -> Json:
    return _send(engine, call, await media_content(engine.files, call, "photo"))


async def send_document(engine: Engine, call: Call) -> Json:
    return _send(engine, call, await media_content(engine.files, call, "document"))


async def send_voice(engine: Engine, call: Call) -> Json:
    return _send(engine, call, await media_content(engine.files, call, "voice"))


async def send_media_group(engine: Engine, call: Call) -> list[Json]:
    person = engine.store.writable_person(call.text("chat_id"))
    contents = await album_contents(engine.files, call)
    common = _common(engine, call, person) | {"media_group_id": engine.next_group()}
    return [engine.add_bot_message(person, content | common, Markup()).body for content in contents]


async def send_chat_action(engine: Engine, call: Call) -> bool:
    person = engine.store.writable_person(call.text("chat_id"))
    action = call.text("action")
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    engine.events.publish("action", person.chat_id, action=action)
    return True


def _send(engine: Engine, call: Call, content: Json) -> Json:
    markup = read_markup(call)
    person = engine.store.writable_person(call.text("chat_id"))
    return engine.add_bot_message(person, content | _common(engine, call, person), markup).body


def _common(engine: Engine, call: Call, person: Person) -> Json:
    """Fields of a message that every sending method may set."""
    common: Json = {}
    if call.flag("protect_content"):
        common["has_protected_content"] = True
    if effect := call.text("message_effect_id"):
        common["effect_id"] = effect
    if (replied := _replied(engine, call, person)) is not None:
        common["reply_to_message"] = replied
    return common


def _replied(engine: Engine, call: Call, person: Person) -> Json | None:
    """The message replied to, without its own reply_to_message."""
    given: Unchecked = call.parsed("reply_parameters", "reply parameters") or {}
    if not isinstance(given, dict):
        raise bad_request("object expected as reply parameters")
    asked = Call(call.method, call.fields | given)
    message_id = asked.number("message_id") or call.number("reply_to_message_id")
    if not message_id:
        return None
    entry = engine.store.find(person.chat_id, message_id)
    if entry is not None:
        return {key: value for key, value in entry.body.items() if key != "reply_to_message"}
    if asked.flag("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")
