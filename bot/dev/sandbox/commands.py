"""Command menus by scope and language."""

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request
from bot.dev.sandbox.store import Person

NAME: Final = re.compile(r"[a-z0-9_]{1,32}")
DESCRIPTION_LIMIT: Final = 256
LIST_LIMIT: Final = 100
SCOPES: Final = {
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    "chat",
    "chat_administrators",
}


class CommandKey(NamedTuple):
    """Scope and language of a command list."""

    scope: str
    chat_id: str
    language: str


@dataclass
class CommandStore:
    """Command lists set by setMyCommands."""

    _lists: dict[CommandKey, list[Json]] = field(default_factory=dict)

    def put(self, scope: Unchecked, language: str, commands: Unchecked) -> None:
        self._lists[_mark(scope, language)] = _checked(commands)

    def get(self, scope: Unchecked, language: str) -> list[Json]:
        return self._lists.get(_mark(scope, language), [])

    def drop(self, scope: Unchecked, language: str) -> None:
        self._lists.pop(_mark(scope, language), None)

    def seen_by(self, person: Person) -> list[Json]:
        """The commands of a person: the narrowest scope first, within it the person's language."""
        places = (("chat", str(person.chat_id)), ("all_private_chats", ""), ("default", ""))
        marks = [CommandKey(*place, language) for place in places for language in (person.language_code, "")]
        return next((self._lists[mark] for mark in marks if self._lists.get(mark)), [])


def _mark(scope: Unchecked, language: str) -> CommandKey:
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    if scope is None:
        return CommandKey("default", "", language)
    if not isinstance(scope, dict) or scope.get("type") not in SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    if scope["type"].startswith("chat") and not scope.get("chat_id"):
        raise bad_request("can't parse BotCommandScope: Can't find field \"chat_id\"")
    return CommandKey(scope["type"], str(scope.get("chat_id", "")), language)


def _checked(commands: Unchecked) -> list[Json]:
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > LIST_LIMIT:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_command(command) for command in commands]


def _command(given: Unchecked) -> Json:
    if not isinstance(given, dict):
        raise bad_request("expected an Object as BotCommand")
    name = str(given.get("command", "")).removeprefix("/")
    description = str(given.get("description", ""))
    if not NAME.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= DESCRIPTION_LIMIT:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}
