"""Methods about the bot: identity, files, commands and menus."""

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request
from bot.dev.sandbox.engine import Engine

GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
ACCENT_COLOURS = 7
MOST_REACTIONS = 11


async def get_me(engine: Engine, call: Call) -> Json:  # noqa: ARG001 - every method has this form
    return engine.bot() | {
        "can_join_groups": False,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


async def agree(engine: Engine, call: Call) -> bool:  # noqa: ARG001 - every method has this form
    """close and logOut: accepted without effect."""
    return True


async def get_chat(engine: Engine, call: Call) -> Json:
    person = engine.store.require_person(call.text("chat_id"))
    return person.chat() | {
        "accent_color_id": person.chat_id % ACCENT_COLOURS,
        "max_reaction_count": MOST_REACTIONS,
        "accepted_gift_types": dict.fromkeys(GIFTS, False),
    }


async def get_file(engine: Engine, call: Call) -> Json:
    file_id = call.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    return engine.files.described(file_id)


async def set_my_commands(engine: Engine, call: Call) -> bool:
    before = _menus(engine)
    engine.commands.put(_scope(call), call.text("language_code"), call.parsed("commands", "commands"))
    _announce(engine, before)
    return True


async def delete_my_commands(engine: Engine, call: Call) -> bool:
    before = _menus(engine)
    engine.commands.drop(_scope(call), call.text("language_code"))
    _announce(engine, before)
    return True


async def get_my_commands(engine: Engine, call: Call) -> list[Json]:
    return engine.commands.get(_scope(call), call.text("language_code"))


async def set_chat_menu_button(engine: Engine, call: Call) -> bool:
    button: Unchecked = call.parsed("menu_button", "menu button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in {"commands", "web_app", "default"}:
        raise bad_request("can't parse menu button: unsupported type specified")
    engine.menu_buttons[_menu_place(engine, call)] = button
    return True


async def get_chat_menu_button(engine: Engine, call: Call) -> Json:
    default = engine.menu_buttons.get("", {"type": "commands"})
    return engine.menu_buttons.get(_menu_place(engine, call), default)


async def set_profile_text(engine: Engine, call: Call) -> bool:
    """setMyName, setMyDescription, setMyShortDescription: stored by method and language."""
    key = call.method.lower().removeprefix("setmy")
    field = {"name": "name", "description": "description", "shortdescription": "short_description"}[key]
    engine.profile[f"{field}/{call.text('language_code')}"] = call.text(field)
    return True


async def get_profile_text(engine: Engine, call: Call) -> Json:
    key = call.method.lower().removeprefix("getmy")
    field = {"name": "name", "description": "description", "shortdescription": "short_description"}[key]
    usual = engine.bot()["first_name"] if field == "name" else ""
    common = engine.profile.get(f"{field}/", usual)
    return {field: engine.profile.get(f"{field}/{call.text('language_code')}", common)}


def _scope(call: Call) -> Unchecked:
    return call.parsed("scope", "scope")


def _menu_place(engine: Engine, call: Call) -> str:
    chat_id = call.text("chat_id")
    return str(engine.store.require_person(chat_id).chat_id) if chat_id else ""


def _menus(engine: Engine) -> dict[int, list[Json]]:
    return {person.chat_id: engine.commands.seen_by(person) for person in engine.store.people.values()}


def _announce(engine: Engine, before: dict[int, list[Json]]) -> None:
    for chat_id, commands in _menus(engine).items():
        if commands != before[chat_id]:
            engine.events.publish("commands", chat_id, commands=commands)
