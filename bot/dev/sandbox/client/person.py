"""A scripted person: sends, presses buttons, and waits for messages of the bot."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeVar

from bot.dev.sandbox.api.responses import Json
from bot.dev.sandbox.client.http import HttpClient, Part
from bot.dev.sandbox.client.transcript import Answer, Button, Document, Message, NotFoundInChat, SandboxError, listing

PATIENCE: Final = 20.0
PAYLOAD: Final = re.compile(r"[A-Za-z0-9_-]{0,64}")
T = TypeVar("T")


@dataclass
class Person:
    """A person in a private chat with the bot, from `SandboxClient.person`.

    Every action (sends…, presses, forges) sets a mark. `sees` and its kin look at the bot's messages that are in the
    chat now and that came or were edited after the mark; so an old text never satisfies a later question, while
    several questions may be asked about the same answer. `looks_away` sets the mark without an action.
    """

    wire: HttpClient
    chat_id: int
    name: str
    role: str = ""
    mark: int = 0

    async def starts(self, payload: str = "") -> Message:
        """Open the bot through the link `t.me/bot?start=payload`."""
        if not PAYLOAD.fullmatch(payload):
            raise ValueError("a start payload has at most 64 of A-Z a-z 0-9 _ -")
        return await self.sends(f"/start {payload}".rstrip())

    async def sends(self, text: str) -> Message:
        return self._advance_to(await self.wire.post(self._path("text"), {"text": text}))

    async def sends_photo(self, data: bytes, caption: str = "") -> Message:
        """As a photo: recompressed, at most 1280 pixels."""
        return (await self._uploads("photo", [Part("photo.jpg", data, "image/jpeg")], caption))[0]

    async def sends_album(self, pictures: Sequence[bytes], caption: str = "") -> list[Message]:
        """Several photos at once, 2–10."""
        return await self._uploads("photo", [Part("photo.jpg", data, "image/jpeg") for data in pictures], caption)

    async def sends_file(
        self, data: bytes, name: str, mime: str = "application/octet-stream", caption: str = ""
    ) -> Message:
        """As a file: the bytes stay as they are."""
        return (await self._uploads("document", [Part(name, data, mime)], caption))[0]

    async def sends_voice(self, data: bytes, seconds: int = 5) -> Message:
        """A voice message; the caption of the upload carries its length."""
        return (await self._uploads("voice", [Part("voice.ogg", data, "audio/ogg")], str(seconds)))[0]

    async def sends_contact(self, phone_number: str, first_name: str = "", user_id: int | None = None) -> Message:
        """Share a contact, by default the person's own."""
        contact = {"phone_number": phone_number, "first_name": first_name or self.name}
        return self._advance_to(
            await self.wire.post(self._path("contact"), contact | {"user_id": user_id or self.chat_id})
        )

    async def edits(self, message: Message, text: str) -> Message:
        """Change an own message."""
        return self._advance_to(await self.wire.post(self._path("edit"), {"message_id": message.id, "text": text}))

    async def presses(self, label: str, *, on: str = "", timeout: float = PATIENCE) -> Answer:  # noqa: ASYNC109 - asks the server to wait
        """Press the newest button whose label contains `label`, waiting for one to come; then wait for the answer.

        `on` narrows it to messages whose text contains that. A key of a reply keyboard sends its label, or the own
        contact where it asks for one, and counts as answered.
        """
        message, key = await self._wait(lambda messages: _button(messages, label, on), timeout, f"a button “{label}”")
        if key.asks_contact:
            await self.sends_contact("+10000000000")
            return Answer(True)
        if not key.is_inline:
            await self.sends(key.label)
            return Answer(True)
        if key.data is None:
            raise SandboxError(f"the button “{key.label}” opens an address; it cannot be pressed here")
        return await self.forges(key.data, message.id, timeout=timeout)

    async def opens_web_app(self, label: str, *, on: str = "", timeout: float = PATIENCE) -> str:  # noqa: ASYNC109 - asks the server to wait
        """The address that the newest Mini App button with this label opens, with the person's init data.

        `on` narrows it to messages whose text contains that.
        """
        message, key = await self._wait(lambda messages: _button(messages, label, on), timeout, f"a button “{label}”")
        if key.web_app is None:
            raise SandboxError(f"the button “{key.label}” opens no Mini App")
        answer = await self.wire.post(self._path("web_app"), {"message_id": message.id, "url": key.web_app})
        return str(answer["address"])

    async def forges(self, data: str, message_id: int | None = None, *, timeout: float = PATIENCE) -> Answer:  # noqa: ASYNC109 - asks the server to wait
        """Send any callback data, as if from a button of the given, or the bot's newest, message."""
        if message_id is None:
            message_id = max((message.id for message in await self.messages() if not message.outgoing), default=0)
        body = {"message_id": message_id, "data": data, "wait": timeout}
        answer = await self.wire.post(self._path("press"), body)
        self.mark = answer["event"]
        return Answer(answer["answered"], answer["text"], answer["show_alert"])

    async def sees(self, text: str, *, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109 - asks the server to wait
        """Wait for a message of the bot that contains the text; the newest one, see the class for which count."""
        return await self._wait(lambda messages: self._newest(messages, text), timeout, f"“{text}”")

    async def does_not_see(self, text: str, *, within: float = 0.5) -> None:
        """Make sure that no such message is there, nor comes within so many seconds."""
        try:
            found = await self.sees(text, timeout=within)
        except NotFoundInChat:
            return
        raise NotFoundInChat(f"{self.name} should not have seen “{text}”, but saw:\n{found.line(self.name)}")

    async def receives_photo(self, *, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109 - asks the server to wait
        """Wait for a photo from the bot; `await message.download()` gives its bytes."""
        return await self._wait(lambda messages: self._with(messages, "photo"), timeout, "a photo")

    async def receives_document(self, *, timeout: float = PATIENCE) -> Document:  # noqa: ASYNC109 - asks the server to wait
        """Wait for a file from the bot and download it."""
        found = await self._wait(lambda messages: self._with(messages, "document"), timeout, "a document")
        shown = found.body["document"]
        return Document(shown["file_name"], await found.download(), shown["mime_type"])

    async def receives_voice(self, *, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109 - asks the server to wait
        """Wait for a voice message from the bot; `await message.download()` gives its bytes."""
        return await self._wait(lambda messages: self._with(messages, "voice"), timeout, "a voice message")

    async def messages(self) -> list[Message]:
        """All messages of the chat, oldest first."""
        return [message for message in await self._all() if not message.deleted]

    async def looks_away(self) -> None:
        """Mark everything so far as old, so that `sees` waits for new messages."""
        self.mark = (await self.wire.get(self._path("messages?after=0"))).seen

    async def blocks(self) -> None:
        await self.wire.post(self._path("block"), {})

    async def unblocks(self) -> None:
        await self.wire.post(self._path("unblock"), {})

    def _newest(self, messages: Sequence[Message], text: str) -> Message | None:
        return next((one for one in self._news(messages) if text in one.text), None)

    def _with(self, messages: Sequence[Message], part: str) -> Message | None:
        return next((one for one in self._news(messages) if part in one.body), None)

    def _news(self, messages: Sequence[Message]) -> list[Message]:
        """The bot's messages after the mark, newest first."""
        return [one for one in reversed(messages) if not one.outgoing and not one.deleted and one.event > self.mark]

    async def _wait(self, find: Callable[[Sequence[Message]], T | None], within: float, what: str) -> T:
        deadline = monotonic() + within
        while True:
            shown = await self.wire.get(self._path("messages"))
            messages = [Message.read(body, self.wire.fetch) for body in shown.body]
            found = find(messages)
            if found is not None:
                return found
            left = deadline - monotonic()
            if left <= 0 or not await self.wire.changes(shown.seen, left, self.chat_id):
                waited = f"{self.name} did not see {what} within {within:g} s. "
                raise NotFoundInChat(waited + listing(self.name, messages))

    async def _all(self) -> list[Message]:
        return [Message.read(body, self.wire.fetch) for body in (await self.wire.get(self._path("messages"))).body]

    async def _uploads(self, kind: str, parts: Sequence[Part], caption: str) -> list[Message]:
        sent = await self.wire.upload(self._path(kind), parts, caption)
        return [self._advance_to(body) for body in sent["messages"]]

    def _advance_to(self, body: Json) -> Message:
        self.mark = body["event"]
        return Message.read(body, self.wire.fetch)

    def _path(self, action: str) -> str:
        return f"/client/chats/{self.chat_id}/{action}"


def _button(messages: Sequence[Message], label: str, on: str) -> tuple[Message, Button] | None:
    shown = [one for one in messages if not one.outgoing and not one.deleted and on in one.text]
    pairs = ((one, one.key(label)) for one in reversed(shown))
    return next(((one, key) for one, key in pairs if key is not None), None)
