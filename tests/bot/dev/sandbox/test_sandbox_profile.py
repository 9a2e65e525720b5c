"""The bot's own page: commands by scope and language, menu button, name and description."""

from typing import Any

import pytest

from bot.dev.sandbox import Person, SandboxClient
from tests.support.rawapi import Api

START = {"command": "start", "description": "Begin"}
SCANS = {"command": "scans", "description": "Your scans"}
QUEUE = {"command": "queue", "description": "Waiting"}
TAMIL = {"command": "scans", "description": "ஸ்கேன்கள்"}


async def menu(telegram: SandboxClient, name: str) -> list[dict[str, str]]:
    people = (await telegram.wire.get("/client/people")).body
    commands: list[dict[str, str]] = next(one["commands"] for one in people if one["name"] == name)
    return commands


async def test_the_narrowest_scope_wins_and_within_it_the_language(api: Api, telegram: SandboxClient) -> None:
    meena = await telegram.person("Meena", language_code="ta")
    await telegram.person("Ravi")
    await meena.sends("/start")
    private, own = {"type": "all_private_chats"}, {"type": "chat", "chat_id": meena.chat_id}
    await api("setMyCommands", commands=[START])
    assert (await menu(telegram, "Meena"), await menu(telegram, "Ravi")) == ([START], [START])
    await api("setMyCommands", commands=[SCANS], scope=private)
    await api("setMyCommands", commands=[TAMIL], scope=private, language_code="ta")
    assert (await menu(telegram, "Meena"), await menu(telegram, "Ravi")) == ([TAMIL], [SCANS])
    await api("setMyCommands", commands=[QUEUE], scope=own)
    assert (await menu(telegram, "Meena"), await menu(telegram, "Ravi")) == ([QUEUE], [SCANS])
    assert await api("getMyCommands", scope=own) == [QUEUE]
    assert await api("getMyCommands", language_code="hi") == []
    await api("deleteMyCommands", scope=own)
    assert await menu(telegram, "Meena") == [TAMIL]


async def test_a_change_of_the_menu_is_told_to_those_whose_menu_it_is(
    api: Api, amina: Person, telegram: SandboxClient
) -> None:
    await telegram.person("Ravi")
    before = (await telegram.wire.get("/client/mails")).seen
    await api("setMyCommands", commands=[QUEUE], scope={"type": "chat", "chat_id": amina.chat_id})
    profile_changes = await telegram.wire.changes(before, 1)
    assert profile_changes == [{"kind": "commands", "chat_id": amina.chat_id, "commands": [QUEUE]}]


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"commands": [START] * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": [{"command": "Start", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "x" * 33, "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "x", "description": ""}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": [{"command": "x", "description": "x" * 257}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": "x"}, "can't parse commands JSON object"),
        ({"commands": {}}, "expected an Array of BotCommand"),
        ({"commands": ["x"]}, "expected an Object as BotCommand"),
        ({"commands": [], "scope": {"type": "moon"}}, "can't parse BotCommandScope: unsupported type specified"),
        ({"commands": [], "scope": {"type": "chat"}}, "can't parse BotCommandScope: Can't find field \"chat_id\""),
        ({"commands": [], "language_code": "english"}, "invalid language code specified"),
    ],
)
async def test_bad_commands_are_refused(api: Api, fields: dict[str, Any], description: str) -> None:
    assert await api.refusal("setMyCommands", **fields) == f"Bad Request: {description}"


async def test_a_hundred_commands_with_or_without_slash_are_taken(api: Api) -> None:
    many = [{"command": f"/c{number}", "description": "x" * 256} for number in range(100)]
    assert await api("setMyCommands", commands=many)
    assert (await api("getMyCommands"))[99]["command"] == "c99"


async def test_what_bots_call_at_their_start_is_answered(api: Api, amina: Person) -> None:
    me = await api("getMe")
    assert (me["id"], me["is_bot"]) == (42, True)
    assert await api("logOut") is True
    assert await api("close") is True
    assert (await api("getChat", chat_id=amina.chat_id))["first_name"] == "Amina"
    assert await api("setMyDescription", description="Scan desk")
    assert await api("getMyDescription", language_code="ta") == {"description": "Scan desk"}
    assert await api("setMyShortDescription", short_description="kurz", language_code="de")
    assert await api("getMyShortDescription", language_code="de") == {"short_description": "kurz"}
    assert await api("getMyShortDescription") == {"short_description": ""}
    assert await api("setMyName", name="Desk")
    assert await api("getMyName") == {"name": "Desk"}


async def test_the_menu_button_is_kept_by_chat(api: Api, amina: Person) -> None:
    assert await api("getChatMenuButton") == {"type": "commands"}
    assert await api("setChatMenuButton", chat_id=amina.chat_id, menu_button={"type": "default"})
    assert await api("getChatMenuButton", chat_id=amina.chat_id) == {"type": "default"}
    assert await api("getChatMenuButton") == {"type": "commands"}
    refusal = await api.refusal("setChatMenuButton", menu_button={"type": "big"})
    assert refusal == "Bad Request: can't parse menu button: unsupported type specified"
