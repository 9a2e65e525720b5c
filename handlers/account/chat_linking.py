"""One-time links, opened elsewhere and decided in this chat: a patient's for a further chat, from /sessions; anybody's
for a browser, from /computer."""

from io import BytesIO
from urllib.parse import urlencode

import segno
from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks.account import ChooseNumber, DecideChat, OfferChat
from handlers.ui.replies import display_name, edit_message, private_chat_id, reply
from handlers.ui.texts import Texts
from models.vocabulary import Role
from workflow.accounts.browsers import opening
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


@requires(Permission.OPEN_BROWSER)
async def offer_browser(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork, base_url: str | None) -> None:
    if base_url is None:
        await message.answer(texts("page.none" if actor.role is Role.PATIENT else "computer.none"))
        return
    async with uow.begin() as session:
        token = await opening.open_link(session, actor, private_chat_id(message), uow.at)
    is_patient = actor.role is Role.PATIENT
    link = f"{base_url}/{'my' if is_patient else 'desk'}/open/{token}"
    picture = BufferedInputFile(_qr_code(link), "computer.png")
    sentence = "computer.offer_page" if is_patient else "computer.offer"
    caption = texts(sentence, link=link, address=f"{base_url}/desk", wait=opening.LINK_LIFETIME)
    await message.answer_photo(picture, caption=caption, protect_content=True)


@requires(Permission.OPEN_BROWSER)
async def choose_number(
    query: CallbackQuery, callback_data: ChooseNumber, actor: Actor, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    here, answer = private_chat_id(query), opening.Answer(callback_data.code_id, callback_data.number)
    async with uow.begin() as session:
        signed_in = await opening.decide(session, actor, here, answer, secret_key, uow.at)
    await edit_message(query, texts("computer.done" if signed_in else "computer.refused"))


def _qr_code(link: str) -> bytes:
    png = BytesIO()
    segno.make(link, error="m").save(png, kind="png", scale=6)
    return png.getvalue()


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(offer, OfferChat.filter())
    router.callback_query.register(decide, DecideChat.filter())
    router.message.register(offer_browser, Command("computer", ignore_case=True))
    router.callback_query.register(choose_number, ChooseNumber.filter())
    return router
