"""Photos, documents and voice messages that the bot sends: uploaded, attached to JSON, or named by a file_id."""

from typing import Final

from bot.dev.sandbox.api.calls import Call, Upload
from bot.dev.sandbox.api.entities import Formatted
from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request
from bot.dev.sandbox.api.texts import caption
from bot.dev.sandbox.files import FileStore

ALBUM: Final = range(2, 11)
ATTACHED: Final = "attach://"
MARKS: Final = {"has_spoiler": "has_media_spoiler", "show_caption_above_media": "show_caption_above_media"}


async def media_content(shelf: FileStore, call: Call, kind: str) -> Json:
    """The part of a Message that a `photo`, `document` or `voice` parameter makes, caption included."""
    source = call.files.get(kind) or call.text(kind)
    if not source:
        raise bad_request(f"there is no {kind} in the request")
    words = caption(call)
    content = await _content(shelf, kind, _resolved(call, source))
    if "voice" in content:
        content["voice"] = {"duration": call.number("duration") or 0} | content["voice"]
    return content | captioned(words) | _marks(call)


async def album_contents(shelf: FileStore, call: Call) -> list[Json]:
    """One content for each item of `media`."""
    items = call.parsed("media", "media")
    if not isinstance(items, list):
        raise bad_request("expected an Array of InputMedia")
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) not in ALBUM:
        raise bad_request(f"too {'few' if len(items) < ALBUM.start else 'many'} messages to send as an album")
    if len({item.get("type") if isinstance(item, dict) else None for item in items}) > 1:
        raise bad_request("document can't be mixed with other media types")
    return [await item_content(shelf, call, item) for item in items]


async def item_content(shelf: FileStore, call: Call, item: Unchecked) -> Json:
    """The content of one InputMediaPhoto or InputMediaDocument."""
    if not isinstance(item, dict) or item.get("type") not in {"photo", "document"}:
        raise bad_request("can't parse InputMedia: only photo and document are known to the sandbox")
    if not item.get("media"):
        raise bad_request("can't parse InputMedia: media not found")
    inner = Call(call.method, item | {item["type"]: item["media"]}, call.files)
    return await media_content(shelf, inner, item["type"])


def captioned(words: Formatted) -> Json:
    if not words.text:
        return {}
    return {"caption": words.text} | ({"caption_entities": words.entities} if words.entities else {})


def _marks(call: Call) -> Json:
    return {shown: True for given, shown in MARKS.items() if call.flag(given)}


def is_opus(data: bytes) -> bool:
    """An Ogg page whose first packet is an Opus header (RFC 7845)."""
    return data.startswith(b"OggS") and data[28:36] == b"OpusHead"


def _resolved(call: Call, source: Upload | str) -> Upload | str:
    if isinstance(source, Upload) or not source.startswith(ATTACHED):
        return source
    attached = call.files.get(source.removeprefix(ATTACHED))
    if attached is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return attached


async def _content(shelf: FileStore, kind: str, source: Upload | str) -> Json:
    match kind, source:
        case "photo", Upload():
            return {"photo": await shelf.add_photo(source.data)}
        case "photo", str():
            return {"photo": shelf.photo(source)}
        case "voice", Upload() if is_opus(source.data):
            return {"voice": shelf.add_voice(source)}
        case "voice", str():
            return {"voice": shelf.voice(source)}
        case _, Upload():  # another audio format is sent as a document, as the Bot API does
            return {"document": shelf.add_document(source)}
        case _:
            return {"document": shelf.document(str(source))}
