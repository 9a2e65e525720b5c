"""/page: the patient's own page, inside Telegram."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from handlers.access import requires
from handlers.ui.keyboards import page_keyboard
from handlers.ui.texts import Texts
from workflow.permissions import Permission


@requires(Permission.SEE_OWN)
async def offer(message: Message, texts: Texts, base_url: str | None) -> None:
    if base_url is None:
        await message.answer(texts("page.none"))
    else:
        await message.answer(texts("page.offer"), reply_markup=page_keyboard(texts, base_url))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(offer, Command("page", ignore_case=True))
    return router
