"""The text or caption of a call, formatted, trimmed and measured as Telegram does."""

from collections.abc import Mapping
from typing import Final

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.entities import Formatted, in_order
from bot.dev.sandbox.api.html import parse_html
from bot.dev.sandbox.api.links import find_links, units
from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
PREVIEW: Final[Mapping[str, type]] = {
    "url": str,
    "is_disabled": bool,
    "prefer_small_media": bool,
    "prefer_large_media": bool,
    "show_above_text": bool,
}
BLANK: Final = " \n\t\r"


def message_text(call: Call) -> Formatted:
    """The `text` of a message: present and at most 4096 UTF-16 units after parsing."""
    formatted = _formatted(call, "text", "entities")
    if not formatted.text:
        raise bad_request("message text is empty")
    if units(formatted.text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return formatted


def with_preview(call: Call, formatted: Formatted) -> Json:
    """The `text` of a Message, its entities, and how its link is to be previewed where the bot said so."""
    content: Json = {"text": formatted.text} | ({"entities": formatted.entities} if formatted.entities else {})
    preview = call.parsed("link_preview_options", "link preview options")
    if preview is None:
        return content
    if not isinstance(preview, dict):
        raise bad_request("object expected as link preview options")
    chosen = {key: value for key, value in preview.items() if key in PREVIEW and isinstance(value, PREVIEW[key])}
    return content | {"link_preview_options": chosen}


def caption(call: Call) -> Formatted:
    """The `caption` of a file: it may be absent, and has at most 1024 UTF-16 units after parsing."""
    formatted = _formatted(call, "caption", "caption_entities")
    if units(formatted.text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return formatted


def plain(text: str) -> Formatted:
    """Parse typed text: no markup, but links and commands become entities."""
    return _trimmed(Formatted(_encodable(text), []))


def _formatted(call: Call, name: str, entities_name: str) -> Formatted:
    source = _encodable(call.text(name))
    mode = call.text("parse_mode").lower()
    if mode == "html":
        return _trimmed(parse_html(source))
    if mode and mode != "none":
        raise bad_request("unsupported parse_mode")
    return _trimmed(Formatted(source, _given_entities(call.parsed(entities_name, "entities"), units(source))))


def _encodable(text: str) -> str:
    """JSON can name half of a surrogate pair; no text can hold one."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise bad_request("strings must be encoded in UTF-8")
    return text


def _given_entities(given: Unchecked, length: int) -> list[Json]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(entity, dict) for entity in given):
        raise bad_request("expected an Array of MessageEntity")
    for entity in given:
        if not isinstance(entity.get("type"), str):
            raise bad_request("can't parse MessageEntity: Can't find field \"type\"")
        for name in ("offset", "length"):
            if not isinstance(entity.get(name), int) or entity[name] < 0:
                raise bad_request(f'can\'t parse MessageEntity: field "{name}" must be a non-negative Number')
    return in_order([dict(e) for e in given if e["offset"] < length and e["length"]])


def _trimmed(formatted: Formatted) -> Formatted:
    """Blanks go at both ends, but at the beginning only as far as no entity covers them."""
    text, entities = formatted
    first = entities[0]["offset"] if entities else len(text)
    lead = min(len(text) - len(text.lstrip(BLANK)), first)
    text = text[lead:].rstrip(BLANK)
    total = units(text)
    kept: list[Json] = []
    for entity in entities:
        offset = entity["offset"] - lead
        length = min(entity["length"], total - offset)
        if length > 0:
            kept.append(entity | {"offset": offset, "length": length})
    found = find_links(text, kept)
    return Formatted(text, in_order(kept + found) if found else kept)
