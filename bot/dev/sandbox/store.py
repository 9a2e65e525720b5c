"""People and messages of one bot, in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bot.dev.sandbox.api.calls import LEADING_NUMBER
from bot.dev.sandbox.api.responses import Json, bad_request, blocked

FIRST_PERSON: Final = 700_001


@dataclass(slots=True)
class Person:
    """A person with a private chat; both share one id."""

    chat_id: int
    name: str
    role: str = ""
    language_code: str = "en"
    username: str | None = None
    started: bool = False
    blocked: bool = False
    keyboard: Json | None = None

    def user(self) -> Json:
        return self._named({"id": self.chat_id, "is_bot": False, "language_code": self.language_code})

    def chat(self) -> Json:
        return self._named({"id": self.chat_id, "type": "private"})

    def _named(self, start: Json) -> Json:
        first, _, last = self.name.partition(" ")
        start["first_name"] = first
        if last:
            start["last_name"] = last
        if self.username:
            start["username"] = self.username
        return start


@dataclass(slots=True)
class Entry:
    """A message as the bot sees it, with the sandbox's own state. `body` is replaced, never mutated."""

    body: Json
    outgoing: bool
    event: int = 0
    deleted: bool = False
    keyboard: Json | None = None
    reactions: list[Json] = field(default_factory=list)

    @property
    def message_id(self) -> int:
        return int(self.body["message_id"])

    def view(self) -> Json:
        """The message for the client API; `event` is the number of its latest change."""
        view = self.body | {"outgoing": self.outgoing, "deleted": self.deleted, "event": self.event}
        if self.keyboard is not None:
            view["keyboard"] = self.keyboard
        if self.reactions:
            view["reactions"] = self.reactions
        return view


@dataclass
class Store:
    """Message ids are one sequence for the whole bot, as in Telegram's private chats."""

    people: dict[int, Person] = field(default_factory=dict)
    _entries: dict[int, Entry] = field(default_factory=dict)
    _chats: dict[int, list[Entry]] = field(default_factory=dict)
    _last_message: int = 0

    def join(self, name: str, role: str, language_code: str, username: str | None) -> Person:
        person = Person(FIRST_PERSON + len(self.people), name, role, language_code, username)
        self.people[person.chat_id] = person
        return person

    def next_message_id(self) -> int:
        self._last_message += 1
        return self._last_message

    def keep(self, entry: Entry) -> Entry:
        self._entries[entry.message_id] = entry
        self._chats.setdefault(entry.body["chat"]["id"], []).append(entry)
        return entry

    def find(self, chat_id: int, message_id: int) -> Entry | None:
        """A message of this chat that was not deleted."""
        entry = self._entries.get(message_id)
        if entry is None or entry.deleted or entry.body["chat"]["id"] != chat_id:
            return None
        return entry

    def chat(self, chat_id: int) -> Iterator[Entry]:
        return iter(self._chats.get(chat_id, ()))

    def writable_person(self, chat_id: str) -> Person:
        """The person of this chat. Raises ApiError when the bot may not write there."""
        person = self.require_person(chat_id)
        if person.blocked:
            raise blocked()
        return person

    def require_person(self, chat_id: str) -> Person:
        if not chat_id:
            raise bad_request("chat_id is empty")
        number = LEADING_NUMBER.fullmatch(chat_id)
        person = self.people.get(int(chat_id)) if number else None
        if person is None or not person.started:
            raise bad_request("chat not found")
        return person
