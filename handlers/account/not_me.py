"""“This was not me”: the button below a notice, and the link of its mail."""

import re
from typing import Final

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks.credentials import NOT_ME_PREFIX, NotMe
from handlers.ui.replies import edit_message, private_chat_id
from handlers.ui.texts import Texts
from workflow.accounts import denial
from workflow.errors import NotFound
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

PAYLOAD: Final = re.compile(r"([0-9]{1,9})_([0-9a-f]{32})")


@requires(Permission.DENY_CHANGE)
async def deny(query: CallbackQuery, callback_data: NotMe, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await denial.deny_in_chat(session, callback_data.change_id, private_chat_id(query), uow.at)
    await edit_message(query, texts("credential.closed"))


@requires(Permission.DENY_CHANGE)
async def deny_by_link(
    message: Message, command: CommandObject, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    found = PAYLOAD.fullmatch((command.args or "").removeprefix(NOT_ME_PREFIX))
    if found is None:
        raise NotFound
    async with uow.begin() as session:
        await denial.deny_by_link(session, int(found[1]), found[2], secret_key, uow.at)
    await message.answer(texts("credential.closed"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(deny_by_link, CommandStart(deep_link=True, magic=F.args.startswith(NOT_ME_PREFIX)))
    router.callback_query.register(deny, NotMe.filter())
    return router
