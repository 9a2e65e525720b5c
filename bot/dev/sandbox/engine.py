"""The state of the sandbox: messages of both sides, with events for clients and updates for the bot."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.dev.sandbox.api.markup import Markup
from bot.dev.sandbox.api.responses import Json
from bot.dev.sandbox.callback_queries import CallbackQueries
from bot.dev.sandbox.commands import CommandStore
from bot.dev.sandbox.events import Events
from bot.dev.sandbox.faults import Faults, Kind
from bot.dev.sandbox.files import FileStore
from bot.dev.sandbox.store import Entry, Person, Store
from bot.dev.sandbox.updates import Updates
from bot.dev.sandbox.webhook import Webhook


@dataclass
class Engine:
    """All state of the sandbox; `clock` gives Unix seconds."""

    bot_id: int
    clock: Callable[[], float]
    webhook: Webhook
    updates: Updates
    faults: Faults
    callback_queries: CallbackQueries
    files: FileStore
    store: Store = field(default_factory=Store)
    events: Events = field(default_factory=Events)
    commands: CommandStore = field(default_factory=CommandStore)
    profile: dict[str, str] = field(default_factory=dict)
    menu_buttons: dict[str, Json] = field(default_factory=dict)
    groups: int = 13_000_000_000_000_000

    def bot(self) -> Json:
        return {"id": self.bot_id, "is_bot": True, "first_name": "Sandbox", "username": "csss_sandbox_bot"}

    def now(self) -> int:
        return int(self.clock())

    def next_group(self) -> str:
        """The media_group_id of an album."""
        self.groups += 1
        return str(self.groups)

    def add_bot_message(self, person: Person, content: Json, markup: Markup) -> Entry:
        """Store a message of the bot. The bot gets no update of it."""
        body = self._body(self.bot(), person) | content
        if markup.inline:
            body["reply_markup"] = markup.inline
        entry = self._keep(Entry(body, outgoing=False, keyboard=markup.keyboard))
        if markup.keyboard is not None:
            self.set_keyboard(person, None if "remove_keyboard" in markup.keyboard else markup.keyboard)
        return entry

    def add_person_message(self, person: Person, content: Json) -> Entry:
        """Store a message of a person and add an update for the bot."""
        self.start_chat(person)
        entry = self._keep(Entry(self._body(person.user(), person) | content, outgoing=True))
        self.add_update("message", person, entry.body)
        if person.keyboard and (person.keyboard.get("force_reply") or person.keyboard.get("one_time_keyboard")):
            self.set_keyboard(person, None)
        return entry

    def change(self, entry: Entry, body: Json) -> None:
        """Replace the content of a message."""
        entry.body = body
        entry.event = self.events.last + 1
        self.events.publish("edit", body["chat"]["id"], message=entry.view())

    def delete(self, entries: list[Entry]) -> None:
        """Delete messages of one chat for both sides."""
        for entry in entries:
            entry.deleted = True
            entry.event = self.events.last + 1
        if entries:
            ids = [entry.message_id for entry in entries]
            self.events.publish("delete", entries[0].body["chat"]["id"], message_ids=ids)

    def add_update(self, kind: str, person: Person, content: Json) -> None:
        """Add an update for the bot."""
        repeats = 1 if self.faults.take(Kind.DUPLICATE_UPDATE) else 0
        self.updates.add(kind, person.chat_id, content, repeats)

    def start_chat(self, person: Person) -> None:
        """Mark the chat as started by the person, so that the bot may write."""
        if not person.started:
            person.started = True
            self.publish_person(person)

    def publish_person(self, person: Person) -> None:
        self.events.publish("person", person.chat_id, person=self.describe(person))

    def describe(self, person: Person) -> Json:
        """A person as the client API shows one."""
        return {
            "chat_id": person.chat_id,
            "name": person.name,
            "role": person.role,
            "language_code": person.language_code,
            "started": person.started,
            "blocked": person.blocked,
            "commands": self.commands.seen_by(person),
            "keyboard": person.keyboard,
        }

    def set_keyboard(self, person: Person, keyboard: Json | None) -> None:
        if person.keyboard != keyboard:
            person.keyboard = keyboard
            self.events.publish("keyboard", person.chat_id, keyboard=keyboard)

    def _body(self, sender: Json, person: Person) -> Json:
        message_id = self.store.next_message_id()
        return {"message_id": message_id, "from": sender, "chat": person.chat(), "date": self.now()}

    def _keep(self, entry: Entry) -> Entry:
        self.store.keep(entry)
        entry.event = self.events.last + 1
        self.events.publish("message", entry.body["chat"]["id"], message=entry.view())
        return entry
