"""One Bot API call: method, parameters in any encoding, and files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request

LEADING_NUMBER = re.compile(r"-?\d+")
YES = {"true", "yes", "1"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart request: the name and media type are the sender's claims."""

    name: str
    data: bytes
    type: str


@dataclass(frozen=True, slots=True)
class Call:
    """Parameters arrive as strings (query, form) or as JSON values; the readers below take both."""

    method: str
    fields: Json
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int = 0) -> int:
        """The leading digits as a number, as Telegram reads them."""
        found = LEADING_NUMBER.match(self.text(name).strip())
        return int(found[0]) if found else default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in YES

    def parsed(self, name: str, what: str) -> Unchecked:
        """A JSON-serialised parameter, or None; `what` names it in Telegram's error."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad_request(f"can't parse {what} JSON object") from error
