"""/invite: create a link with which a person joins the staff in a chosen role."""

from urllib.parse import urlencode

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.account.start import INVITE_PREFIX
from handlers.ui import callbacks, keyboards
from handlers.ui.replies import edit_message
from handlers.ui.texts import Texts
from workflow.accounts import invitations
from workflow.actors import Actor
from workflow.permissions import STAFF, Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.INVITE)
async def ask_invite(message: Message, texts: Texts) -> None:
    choices = [(texts.plain(f"role.{role}"), callbacks.InviteTo(role=role)) for role in STAFF]
    await message.answer(texts("invite.ask"), reply_markup=keyboards.rows(choices, width=1))


@requires(Permission.INVITE)
async def invite(
    query: CallbackQuery,
    callback_data: callbacks.InviteTo,
    bot: Bot,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    async with uow.begin() as session:
        token = await invitations.invite(session, actor, callback_data.role, uow.at)
    name = (await bot.me()).username
    link = f"https://t.me/{name}?{urlencode({'start': INVITE_PREFIX + token})}"
    await edit_message(query, texts("invite.link", role=texts(f"role.{callback_data.role}"), link=link))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(invite, callbacks.InviteTo.filter())
    router.message.register(ask_invite, Command("invite"))
    return router
