"""A further chat: a one-time link from /sessions, opened in the other chat and decided in this one."""

from urllib.parse import urlencode

from aiogram import Bot, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks.account import DecideChat, OfferChat
from handlers.ui.replies import display_name, edit_message, private_chat_id, reply
from handlers.ui.texts import Texts
from workflow.accounts.chats import linking
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

LINK_PREFIX = "link_"  # of the payload of a deep link


@requires(Permission.LINK_CHAT)
async def offer(query: CallbackQuery, bot: Bot, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        token = await linking.open_link(session, actor, private_chat_id(query), uow.at)
    link = f"https://t.me/{(await bot.me()).username}?{urlencode({'start': LINK_PREFIX + token})}"
    await reply(query, texts("link_chat.offer", link=link), protected=True)


@requires(Permission.SIGN_IN)
async def ask(message: Message, command: CommandObject, texts: Texts, uow: UnitOfWork) -> None:
    token = (command.args or "").removeprefix(LINK_PREFIX)
    async with uow.begin() as session:
        await linking.ask_link(session, token, private_chat_id(message), display_name(message), uow.at)
    await message.answer(texts("link_chat.waiting"))


@requires(Permission.LINK_CHAT)
async def decide(query: CallbackQuery, callback_data: DecideChat, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    here, yes = private_chat_id(query), callback_data.yes
    async with uow.begin() as session:
        await linking.decide(session, actor, here, callback_data.code_id, yes, uow.at)
    await edit_message(query, texts("link_chat.linked" if yes else "link_chat.refused"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(offer, OfferChat.filter())
    router.callback_query.register(decide, DecideChat.filter())
    return router
