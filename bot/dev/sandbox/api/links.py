"""Entities that Telegram detects itself: commands, URLs, mentions, hashtags; offsets in UTF-16 units."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.dev.sandbox.api.responses import Json

DOMAINS: Final = (
    "com|org|net|edu|gov|int|info|io|me|app|dev|health|hospital"
    "|clinic|care|in|uk|us|de|fr|eu|ch|at|nl|it|es|ru|cn|jp|br"
    "|lk|sg|my|au|ca|co|ai|tv|xyz|online|site"
)
PATTERNS: Final = (
    ("url", re.compile(r"(?<![\w@])(?:https?|ftp)://[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#][^\s<>\"]*)?", re.IGNORECASE)),
    ("email", re.compile(r"(?<![\w.+@-])\w[\w.+-]{0,63}@(?:[\w-]+\.)+[A-Za-z]{2,}")),
    (
        "url",
        re.compile(
            rf"(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:{DOMAINS})(?![\w@-])(?::\d+)?(?:[/?#][^\s<>\"]*)?", re.IGNORECASE
        ),
    ),
    ("bot_command", re.compile(r"(?<![\w/@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")),
    ("mention", re.compile(r"(?<![\w/])@[A-Za-z0-9_]{4,32}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w&])#\d*[^\W\d]\w{0,255}")),
)
TRAILING = ".,:;!?'\")]}»"
CLOSED: Final = {"code", "pre", "text_link", "text_mention", "url", "email", "bot_command", "mention", "hashtag"}


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def find_links(text: str, known: Sequence[Json] = ()) -> list[Json]:
    """Detected entities, outside of given ones that admit no nesting."""
    if not any(sign in text for sign in "/@.#"):
        return []
    taken = [(e["offset"], e["offset"] + e["length"]) for e in known if e["type"] in CLOSED]
    found: list[Json] = []
    for kind, begin, end in _matches(text):
        offset = units(text[:begin])
        length = units(text[begin:end])
        if any(offset < last and first < offset + length for first, last in taken):
            continue
        taken.append((offset, offset + length))
        found.append({"type": kind, "offset": offset, "length": length})
    return found


def _matches(text: str) -> Iterator[tuple[str, int, int]]:
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            end = match.end()
            if kind == "url":
                end = match.start() + len(match[0].rstrip(TRAILING))
            yield kind, match.start(), end
