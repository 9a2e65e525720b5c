"""The question whether a browser that opened a link from the chat is to be signed in."""

from functools import partial
from typing import Final

from aiogram.types import InlineKeyboardMarkup

from bot.jobs.notify import notify
from bot.services import Services
from handlers.ui import keyboards
from handlers.ui.callbacks.account import NO_NUMBER, ChooseNumber
from handlers.ui.texts import Texts
from models.tables.codes import Code
from workflow.accounts.browsers import opening

WIDTH: Final = opening.CHOICES  # numbers in a row


async def ask_number(services: Services, code_id: int) -> None:
    """Ask the chat that made the link which number the computer shows. Idempotent."""
    async with services.sessions() as session:
        code = await session.get_one(Code, code_id)
    if code.used_at is not None or code.asking_chat_id is None:
        return
    _, numbers = opening.choices(code, services.secret_key)
    buttons, label = partial(_buttons, code_id, numbers), code.asking_label or "–"
    await notify(services, [code.chat_id], f"browser:{code_id}", "computer.asked", None, buttons, label=label)


def _buttons(code_id: int, numbers: list[int], texts: Texts) -> InlineKeyboardMarkup:
    choices: keyboards.Buttons = [(str(one), ChooseNumber(code_id=code_id, number=one)) for one in numbers]
    none: keyboards.Buttons = [(texts.plain("button.no_number"), ChooseNumber(code_id=code_id, number=NO_NUMBER))]
    return keyboards.stack(keyboards.rows(choices, width=WIDTH), keyboards.rows(none))
