"""/whatsapp: a patient says whether reports shall come to their telephone as well."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, KeyboardButton, Message, ReplyKeyboardMarkup, ReplyKeyboardRemove

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.keyboards import StopWhatsApp
from handlers.ui.replies import edit, known
from handlers.ui.texts import Texts
from workflow.accounts import registration
from workflow.actors import Actor
from workflow.permissions import Verb
from workflow.scans import queries
from workflow.unit_of_work import Effects

DIGITS: Final = range(8, 16)  # of a number with its country (E.164)


@does(Verb.GIVE_PHONE)
async def ask(message: Message, actor: Actor | None, texts: Texts, effects: Effects, whatsapp: bool) -> None:
    """Telegram's own button shares the person's own number; a typed one could be anybody's."""
    if not whatsapp:
        await message.answer(texts("whatsapp.off"))
        return
    async with effects.look() as session:
        phone = (await queries.account_of(session, known(actor))).phone
    if phone:
        stop = keyboards.rows([(texts.plain("whatsapp.stop"), StopWhatsApp())])
        await message.answer(texts("whatsapp.on", phone=phone), reply_markup=stop)
        return
    share = KeyboardButton(text=texts.plain("whatsapp.share"), request_contact=True)
    keyboard = ReplyKeyboardMarkup(keyboard=[[share]], resize_keyboard=True, one_time_keyboard=True)
    await message.answer(texts("whatsapp.ask"), reply_markup=keyboard)


@does(Verb.GIVE_PHONE)
async def take(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    contact = message.contact
    digits = "".join(filter(str.isdigit, contact.phone_number)) if contact else ""
    own = contact is not None and message.from_user is not None and contact.user_id == message.from_user.id
    if not own or len(digits) not in DIGITS:
        await message.answer(texts("whatsapp.not_yours"))
        return
    async with effects.begin() as session:
        await registration.give_phone(session, known(actor), f"+{digits}", effects.at)
    await message.answer(texts("whatsapp.done"), reply_markup=ReplyKeyboardRemove())


@does(Verb.GIVE_PHONE)
async def stop(query: CallbackQuery, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    async with effects.begin() as session:
        await registration.give_phone(session, known(actor), None, effects.at)
    await edit(query, texts("whatsapp.stopped"))


async def offered(_: Message, whatsapp: bool) -> bool:
    """Where the clinic sends nothing by WhatsApp, a contact is just no picture."""
    return whatsapp


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(ask, Command("whatsapp"))
    router.message.register(take, F.contact, offered)
    router.callback_query.register(stop, StopWhatsApp.filter())
    return router
