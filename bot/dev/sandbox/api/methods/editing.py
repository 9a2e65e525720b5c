"""Methods that edit, delete and react to messages."""

from typing import Final

from bot.dev.sandbox.api.calls import LEADING_NUMBER, Call
from bot.dev.sandbox.api.markup import read_markup
from bot.dev.sandbox.api.media import captioned, item_content
from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request
from bot.dev.sandbox.api.texts import caption, message_text, with_preview
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.store import Entry

DELETABLE: Final = 48 * 3600
MANY: Final = 100
WORDS: Final = ("text", "entities", "caption", "caption_entities", "link_preview_options")
MEDIA: Final = ("photo", "document", "has_media_spoiler", "show_caption_above_media")
SAME: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


async def edit_message_text(engine: Engine, call: Call) -> Json:
    text = message_text(call)
    entry = _editable(engine, call)
    if "text" not in entry.body:
        raise bad_request("there is no text in the message to edit")
    return _edit(engine, call, entry, _without(entry, WORDS) | with_preview(call, text))


async def edit_message_caption(engine: Engine, call: Call) -> Json:
    words = caption(call)
    entry = _editable(engine, call)
    if "text" in entry.body:
        raise bad_request("there is no caption in the message to edit")
    return _edit(engine, call, entry, _without(entry, WORDS) | captioned(words))


async def edit_message_media(engine: Engine, call: Call) -> Json:
    entry = _editable(engine, call)
    content = await item_content(engine.files, call, call.parsed("media", "media"))
    return _edit(engine, call, entry, _without(entry, WORDS + MEDIA) | content)


async def edit_message_reply_markup(engine: Engine, call: Call) -> Json:
    entry = _editable(engine, call)
    return _edit(engine, call, entry, dict(entry.body))


async def delete_message(engine: Engine, call: Call) -> bool:
    person = engine.store.require_person(call.text("chat_id"))
    entry = engine.store.find(person.chat_id, _message_id(call))
    if entry is None:
        raise bad_request("message to delete not found")
    if not _young(engine, entry):
        raise bad_request("message can't be deleted")
    engine.delete([entry])
    return True


async def delete_messages(engine: Engine, call: Call) -> bool:
    """Delete messages; missing and too old ones are skipped."""
    person = engine.store.require_person(call.text("chat_id"))
    found = [engine.store.find(person.chat_id, message_id) for message_id in _message_ids(call)]
    engine.delete([entry for entry in found if entry is not None and _young(engine, entry)])
    return True


async def set_message_reaction(engine: Engine, call: Call) -> bool:
    person = engine.store.require_person(call.text("chat_id"))
    entry = engine.store.find(person.chat_id, _message_id(call))
    if entry is None:
        raise bad_request("message to react not found")
    reactions: Unchecked = call.parsed("reaction", "reaction") or []
    if not isinstance(reactions, list) or not all(isinstance(one, dict) and one.get("type") for one in reactions):
        raise bad_request("REACTION_INVALID")
    entry.reactions = reactions
    engine.events.publish("reaction", person.chat_id, message=entry.view())
    return True


def _message_id(call: Call) -> int:
    number = call.number("message_id")
    if not number:
        raise bad_request("message identifier is not specified")
    return number


def _message_ids(call: Call) -> list[int]:
    ids: Unchecked = call.parsed("message_ids", "message_ids")
    if not ids:
        raise bad_request("message identifiers are not specified")
    if not isinstance(ids, list):
        raise bad_request("expected an Array of message identifiers")
    if len(ids) > MANY:
        raise bad_request("too many message identifiers specified")
    if not all(LEADING_NUMBER.fullmatch(str(one)) for one in ids):
        raise bad_request("invalid message identifier specified")
    return [int(one) for one in ids]


def _young(engine: Engine, entry: Entry) -> bool:
    return engine.clock() - int(entry.body["date"]) < DELETABLE


def _editable(engine: Engine, call: Call) -> Entry:
    """The message, when it may be edited: the bot's own, without a reply keyboard."""
    if call.text("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    person = engine.store.require_person(call.text("chat_id"))
    entry = engine.store.find(person.chat_id, _message_id(call))
    if entry is None:
        raise bad_request("message to edit not found")
    if entry.outgoing or (entry.keyboard is not None and "remove_keyboard" not in entry.keyboard):
        raise bad_request("message can't be edited")
    return entry


def _without(entry: Entry, keys: tuple[str, ...]) -> Json:
    return {key: value for key, value in entry.body.items() if key not in keys}


def _edit(engine: Engine, call: Call, entry: Entry, body: Json) -> Json:
    """Edit the message; a call without reply_markup removes the keyboard."""
    markup = read_markup(call)
    if markup.keyboard is not None:
        raise bad_request("inline keyboard expected")
    body.pop("reply_markup", None)
    if markup.inline:
        body["reply_markup"] = markup.inline
    if body == entry.body:
        raise bad_request(SAME)
    body["edit_date"] = engine.now()
    engine.change(entry, body)
    return body
