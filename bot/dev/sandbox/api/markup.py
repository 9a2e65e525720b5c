"""Reply markup: the four kinds of keyboards, validated as Telegram does."""

from typing import Final, NamedTuple

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.entities import is_web_app, web_address
from bot.dev.sandbox.api.links import units
from bot.dev.sandbox.api.responses import Json, Unchecked, bad_request

DATA_LIMIT: Final = 64
PLACEHOLDER_LIMIT: Final = 64
ACTIONS: Final = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
MAY_BE_EMPTY: Final = {"switch_inline_query", "switch_inline_query_current_chat", "callback_game"}


class Markup(NamedTuple):
    """An inline keyboard belongs to its message; any other one replaces the person's keyboard."""

    inline: Json | None = None
    keyboard: Json | None = None


def read_markup(call: Call) -> Markup:
    """Raises ApiError for a keyboard that Telegram would refuse."""
    given = call.parsed("reply_markup", "reply keyboard markup")
    if given is None:
        return Markup()
    if not isinstance(given, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in given:
        rows = _rows(given["inline_keyboard"], "inline_keyboard", "InlineKeyboardMarkup")
        keys = _kept([[_inline_button(button) for button in row] for row in rows])
        return Markup(inline={"inline_keyboard": keys} if keys else None)
    return Markup(keyboard=_reply_keyboard(given))


def _reply_keyboard(given: Json) -> Json | None:
    if units(str(given.get("input_field_placeholder") or "")) > PLACEHOLDER_LIMIT:
        raise bad_request("INPUT_FIELD_PLACEHOLDER_INVALID")
    if "keyboard" in given:
        rows = _rows(given["keyboard"], "keyboard", "ReplyKeyboardMarkup")
        keys = _kept([[_button(button) for button in row] for row in rows])
        return given | {"keyboard": keys} if keys else None
    for flag in ("remove_keyboard", "force_reply"):
        if given.get(flag) is True:
            return given
        if flag in given and not isinstance(given[flag], bool):
            raise bad_request(f'field "{flag}" must be of type Boolean')
    return None


def _rows(given: Unchecked, name: str, of: str) -> list[list[Unchecked]]:
    if not isinstance(given, list) or not all(isinstance(row, list) for row in given):
        raise bad_request(f'field "{name}" of the {of} must be an Array of Arrays')
    return given


def _kept(rows: list[list[Json]]) -> list[list[Json]]:
    """Rows as Telegram keeps them: without buttons that lack a text, and without empty rows."""
    filled = [[button for button in row if button["text"]] for row in rows]
    return [row for row in filled if row]


def _button(button: Unchecked) -> Json:
    if isinstance(button, str):
        return {"text": button}
    if not isinstance(button, dict):
        raise bad_request("can't parse keyboard button: KeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad_request("can't parse keyboard button: Can't find field \"text\"")
    return button


def _inline_button(button: Unchecked) -> Json:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    if not any(button.get(action) or (action in MAY_BE_EMPTY and action in button) for action in ACTIONS):
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(str(button.get("callback_data") or "").encode("utf-8", "surrogatepass")) > DATA_LIMIT:
        raise bad_request("BUTTON_DATA_INVALID")
    if "web_app" in button:
        address = str(button["web_app"].get("url")) if isinstance(button["web_app"], dict) else ""
        if not is_web_app(address):
            raise bad_request(
                f"inline keyboard button Web App URL '{address}' is invalid: Only HTTPS links are allowed"
            )
    if button.get("url"):
        return button | {"url": _button_address(str(button["url"]))}
    return button


def _button_address(address: str) -> str:
    checked = web_address(address)
    if checked is None:
        raise bad_request(f"inline keyboard button URL '{address}' is invalid: Wrong HTTP URL")
    return checked
