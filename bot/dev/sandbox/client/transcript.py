"""Messages with their buttons and files, and answers to callback queries, as a person sees them."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from bot.dev.sandbox.api.responses import Json

Fetch = Callable[[str], Awaitable[bytes]]
SHOWN = 15
"""How many messages of a chat an error shows."""


class SandboxError(Exception):
    """The sandbox refused what a person wanted to do, in one sentence."""


class NotFoundInChat(AssertionError):
    """No such message came in time; the text lists the chat."""


class Answer(NamedTuple):
    """The bot's answer to a callback query: `text` of the toast or alert; `answered` is False when none came."""

    answered: bool
    text: str | None = None
    show_alert: bool = False


class Document(NamedTuple):
    name: str
    data: bytes
    mime: str


class Button(NamedTuple):
    """A button; callback data is None for reply keyboards and URL buttons."""

    label: str
    data: str | None
    is_inline: bool
    asks_contact: bool = False
    web_app: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a person sees it; `body` is the Bot API's object, `event` the number of its latest change."""

    id: int
    text: str
    outgoing: bool
    deleted: bool
    event: int
    body: Json
    fetch: Fetch = field(repr=False)

    @classmethod
    def read(cls, body: Json, fetch: Fetch) -> Self:
        text = body.get("text") or body.get("caption") or ""
        return cls(body["message_id"], text, body["outgoing"], body["deleted"], body["event"], body, fetch)

    @property
    def photo(self) -> Json | None:
        """The largest size, a PhotoSize object."""
        sizes = self.body.get("photo")
        return sizes[-1] if sizes else None

    @property
    def document(self) -> Json | None:
        """A Document object."""
        return self.body.get("document")

    @property
    def voice(self) -> Json | None:
        """A Voice object."""
        return self.body.get("voice")

    @property
    def keys(self) -> list[Button]:
        """Inline buttons, else those of the message's reply keyboard."""
        inline = self.body.get("reply_markup", {}).get("inline_keyboard", [])
        if inline:
            return [_inline_key(key) for row in inline for key in row]
        rows = self.body.get("keyboard", {}).get("keyboard", [])
        return [Button(key["text"], None, False, bool(key.get("request_contact"))) for row in rows for key in row]

    @property
    def buttons(self) -> list[str]:
        return [key.label for key in self.keys]

    def key(self, label: str) -> Button | None:
        """The button with this label, or else the first one whose label contains it."""
        exact = (key for key in self.keys if key.label == label)
        return next(exact, None) or next((key for key in self.keys if label in key.label), None)

    async def download(self) -> bytes:
        """The bytes of its document or voice, or of the largest size of its photo."""
        shown = self.document or self.voice or self.photo
        if shown is None:
            raise SandboxError(f"message {self.id} carries no file")
        return await self.fetch(f"/client/files/{shown['file_id']}")

    def line(self, name: str) -> str:
        """The message as one line of an error's transcript."""
        who = name if self.outgoing else "bot"
        file = (
            (" <photo>" if self.photo else "")
            + (" <voice>" if self.voice else "")
            + (f" <{self.document.get('file_name')}>" if self.document else "")
        )
        keys = "".join(f" [{label}]" for label in self.buttons)
        gone = " (deleted)" if self.deleted else ""
        return f"  #{self.id} {who}: {self.text}{file}{keys}{gone}"


def listing(name: str, messages: Iterable[Message]) -> str:
    """The chat as lines for an error message."""
    lines = [message.line(name) for message in messages][-SHOWN:]
    return "\n".join([f"{name}'s chat shows:", *(lines or ["  nothing"])])


def _inline_key(key: Json) -> Button:
    return Button(key["text"], key.get("callback_data"), True, web_app=(key.get("web_app") or {}).get("url"))
