"""Long texts split into messages, lists split into pages."""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import Final

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup

from handlers.ui import keyboards
from handlers.ui.keyboards import Buttons
from handlers.ui.texts import Html, plain_text

CAPTION_LIMIT: Final = 1024  # UTF-16 units after parsing, by the Bot API
MESSAGE_LIMIT: Final = 4096
PAGE_SIZE: Final = 6  # lines of a list


def split_messages(*blocks: Html) -> Sequence[Html]:
    """Join the blocks into as few messages as they fit into; a block that is too long alone is cut."""
    pages: list[Html] = []
    for block in blocks:
        for part in _split_block(block):
            if pages and telegram_length(pages[-1]) + telegram_length(part) + 2 <= MESSAGE_LIMIT:
                pages[-1] = join_blocks(pages[-1], part)
            else:
                pages.append(part)
    return pages


def fit_message(render: Callable[[Callable[[str], str]], Html]) -> tuple[Html, bool]:
    """Text for a message that is edited in place, so cannot become two; returns it and whether it was shortened.

    `render` builds the text from a function that it applies to each long part."""
    whole = render(lambda text: text)
    if telegram_length(whole) <= MESSAGE_LIMIT:
        return whole, False
    shortened = (render(partial(truncate, most=limit)) for limit in (1000, 500, 200, 60, 12))
    return next((text for text in shortened if telegram_length(text) <= MESSAGE_LIMIT), whole), True


def telegram_length(text: str) -> int:
    """Length in UTF-16 units after parsing, as the Bot API counts."""
    return len(plain_text(text).encode("utf-16-le")) // 2


def join_blocks(*blocks: Html) -> Html:
    return Html("\n\n".join(blocks))


def truncate(text: str, most: int) -> str:
    """At most `most` characters, with an ellipsis when the text is cut."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _split_block(block: Html) -> Sequence[Html]:
    """Cut a block that is longer than a message; the parts lose their markup."""
    if telegram_length(block) <= MESSAGE_LIMIT:
        return [block]
    plain = plain_text(block)
    half = MESSAGE_LIMIT // 2
    return [Html(escape(plain[at : at + half], quote=False)) for at in range(0, len(plain), half)]


def page_keyboard(buttons: Buttons, page: int, total: int, turn: Callable[..., CallbackData]) -> InlineKeyboardMarkup:
    """The buttons of this page's lines, and arrows to the neighbouring pages; `turn` builds their callback data."""
    turns: Buttons = [("⬅️", turn(page=page - 1))] if page else []
    turns += [("➡️", turn(page=page + 1))] if total > (page + 1) * PAGE_SIZE else []
    return keyboards.stack(keyboards.rows(buttons, width=PAGE_SIZE), keyboards.rows(turns))
