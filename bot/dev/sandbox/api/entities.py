"""Message entities: kinds, order, and URLs as Telegram stores them."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bot.dev.sandbox.api.responses import Json

ORDER: Final = ("blockquote", "expandable_blockquote", "pre", "code", "text_link", "bold", "italic", "underline")


class Formatted(NamedTuple):
    """Plain text and the entities of its mark-up."""

    text: str
    entities: list[Json]


def in_order(entities: list[Json]) -> list[Json]:
    """Entities sorted outer before inner, as Telegram lists them."""
    rank = {kind: place for place, kind in enumerate(ORDER)}
    return sorted(entities, key=lambda e: (e["offset"], -e["length"], rank.get(e["type"], len(ORDER))))


def web_address(address: str) -> str | None:
    """A URL as Telegram stores it, or None when the host has no dot."""
    full = address if re.match(r"(?i)(https?|tg|ton)://", address) else f"http://{address}"
    try:
        parts = urlsplit(full)
    except ValueError:
        return None
    if parts.scheme in {"tg", "ton"}:
        return full
    if not parts.hostname or "." not in parts.hostname or " " in full:
        return None
    return full if parts.path or parts.query or parts.fragment else f"{full}/"


def is_web_app(address: str) -> bool:
    """Whether a client opens it as a Mini App: https only; in the sandbox a loopback address, too."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})
    )


def join_code(entities: list[Json]) -> list[Json]:
    """Join a `pre` and a `code` with a language over the same range into one block."""
    spans = {(e["offset"], e["length"]) for e in entities if e["type"] == "pre"}
    languages = {(e["offset"], e["length"]): e["language"] for e in entities if "language" in e}
    joined: list[Json] = []
    for entity in entities:
        span = (entity["offset"], entity["length"])
        if entity["type"] == "pre" and span in languages:
            joined.append(entity | {"language": languages[span]})
        elif entity["type"] != "code" or span not in spans or span not in languages:
            joined.append({key: value for key, value in entity.items() if key != "language"})
    return joined
