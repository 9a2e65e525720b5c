"""Telegram's HTML parse mode: text and entities with UTF-16 offsets, or Telegram's own error."""

import re
from dataclasses import dataclass
from typing import Final

from bot.dev.sandbox.api.entities import Formatted, in_order, join_code, web_address
from bot.dev.sandbox.api.links import units
from bot.dev.sandbox.api.responses import ApiError, Json, bad_request

KINDS: Final = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
}
NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
REFERENCE: Final = re.compile(r"&(?:#([0-9]{1,8})|#x([0-9a-fA-F]{1,7})|([a-zA-Z]+));?")
PLAIN: Final = re.compile(r"[^<&]+")
TAG_NAME: Final = re.compile(r"[^\s>]*")
ATTRIBUTE_NAME: Final = re.compile(r"[^\s=>]*")
SPACE: Final = re.compile(r"\s*")
TOKEN: Final = re.compile(r"[A-Za-z0-9.-]*")


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    argument: str
    offset: int
    begin: int


def parse_html(source: str) -> Formatted:
    """Raises ApiError with the sentence of Telegram's own parser, byte offset included."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.units = 0
        self.pieces: list[str] = []
        self.open: list[_Open] = []
        self.entities: list[Json] = []

    def read(self) -> Formatted:
        while self.at < len(self.source):
            self._step()
        if self.open:
            raise complaint(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        return Formatted("".join(self.pieces), in_order(join_code(self.entities)))

    def _step(self) -> None:
        match self.source[self.at]:
            case "<" if self.source.startswith("</", self.at):
                self._end_tag()
            case "<":
                self._start_tag()
            case "&":
                self._write(self._reference())
            case _:
                self._write(self._take(PLAIN))

    def _write(self, text: str) -> None:
        self.pieces.append(text)
        self.units += units(text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.source, self.at)
        assert found is not None
        self.at = found.end()
        return found[0]

    def _peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def _reference(self) -> str:
        """The character of a reference; any other ampersand is literal."""
        found = REFERENCE.match(self.source, self.at)
        character = _character(found) if found else None
        if found is None or character is None:
            self.at += 1
            return "&"
        self.at = found.end()
        return character

    def _start_tag(self) -> None:
        begin = self.at
        self.at += 1
        tag = self._take(TAG_NAME).lower()
        if not self._peek():
            raise complaint("Unclosed start tag", self._byte(begin))
        if tag not in KINDS:
            raise complaint(f'Unsupported start tag "{tag}"', self._byte(begin))
        argument = ""
        while not self._at_tag_end():
            argument = self._attribute(tag, begin) or argument
        self.at += 1
        if tag == "span" and argument != "spoiler":
            raise complaint('Tag "span" must have class "tg-spoiler"', self._byte(begin))
        self.open.append(_Open(tag, argument, self.units, len(self.pieces)))

    def _at_tag_end(self) -> bool:
        self._take(SPACE)
        return self._peek() == ">"

    def _attribute(self, tag: str, begin: int) -> str:
        """The relevant part of an attribute's value; empty for attributes without meaning."""
        name = self._take(ATTRIBUTE_NAME)
        if not name:
            raise complaint(f'Empty attribute name in the tag "{tag}"', self._byte(begin))
        self._take(SPACE)
        if self._peek() != "=":
            if (tag, name) == ("blockquote", "expandable"):
                return "expandable"
            sentence = f'Expected equal sign in declaration of an attribute of the tag "{tag}"'
            raise complaint(sentence, self._byte(begin))
        self.at += 1
        self._take(SPACE)
        if not self._peek():
            raise complaint(f'Unclosed start tag "{tag}"', self._byte(begin))
        return _argument(tag, name, self._attribute_value(begin))

    def _attribute_value(self, begin: int) -> str:
        quote = self._peek()
        if quote not in {'"', "'"}:
            token_begin = self.at
            token = self._take(TOKEN).lower()
            if not self._peek().isspace() and self._peek() != ">":
                raise complaint("Unexpected end of name token", self._byte(token_begin))
            return token
        self.at += 1
        value: list[str] = []
        while self._peek() not in {quote, ""}:
            if self._peek() == "&":
                value.append(self._reference())
            else:
                value.append(self._take(re.compile(rf"[^&{quote}]+")))
        self.at += 1
        if not self._peek():
            raise complaint("Unclosed start tag", self._byte(begin))
        return "".join(value)

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise complaint("Unexpected end tag", self._byte(begin))
        self.at += 2
        tag = self._take(TAG_NAME)
        if not self._at_tag_end():
            raise complaint("Unclosed end tag", self._byte(begin))
        self.at += 1
        opened = self.open.pop()
        if tag and tag != opened.tag:
            offset = self._byte(begin)
            raise complaint("Unmatched end tag", offset, f', expected "</{opened.tag}>", found "</{tag}>"')
        if self.units > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity: Json = {"type": KINDS[opened.tag], "offset": opened.offset, "length": self.units - opened.offset}
        match opened.tag:
            case "a":
                address = web_address(opened.argument or "".join(self.pieces[opened.begin :]))
                if address is None:
                    return
                entity["url"] = address
            case "code" if opened.argument:
                entity["language"] = opened.argument
            case "blockquote" if opened.argument:
                entity["type"] = "expandable_blockquote"
            case "tg-emoji":
                entity["custom_emoji_id"] = opened.argument
        self.entities.append(entity)

    def _byte(self, position: int) -> int:
        return len(self.source[:position].encode("utf-8", "surrogatepass"))


def complaint(sentence: str, offset: int | None = None, rest: str = "") -> ApiError:
    where = "" if offset is None else f" at byte offset {offset}"
    return bad_request(f"can't parse entities: {sentence}{where}{rest}")


def _character(found: re.Match[str]) -> str | None:
    decimal, hexadecimal, name = found.groups()
    if name:
        return NAMED.get(name)
    code = int(decimal) if decimal else int(hexadecimal, 16)
    if 0xD800 <= code <= 0xDFFF:
        raise bad_request(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    return chr(code) if 0 < code < 0x10FFFF else None


def _argument(tag: str, name: str, value: str) -> str:
    match tag, name:
        case "a", "href":
            return value
        case "code", "class" if value.startswith("language-"):
            return value.removeprefix("language-")
        case "span", "class" if value.startswith("tg-"):
            return value.removeprefix("tg-")
        case "tg-emoji", "emoji-id":
            return value
        case "blockquote", "expandable":
            return "expandable"
        case _:
            return ""
