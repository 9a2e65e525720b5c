"""/whatsapp: a patient turns the delivery of reports by WhatsApp on or off."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, KeyboardButton, Message, ReplyKeyboardMarkup, ReplyKeyboardRemove

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import StopWhatsApp
from handlers.ui.replies import edit_message
from handlers.ui.texts import Texts
from workflow.accounts import profile
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork

DIGITS: Final = range(8, 16)  # of a phone number with its country code (E.164)


@requires(Permission.SET_PHONE)
async def ask(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork, whatsapp: bool) -> None:
    """Ask for the phone number by Telegram's contact button, which shares the person's own number."""
    if not whatsapp:
        await message.answer(texts("whatsapp.off"))
        return
    async with uow.read() as session:
        phone = (await queries.account_of(session, actor)).phone
    if phone:
        stop = keyboards.rows([(texts.plain("whatsapp.stop"), StopWhatsApp())])
        await message.answer(texts("whatsapp.on", phone=phone), reply_markup=stop)
        return
    share = KeyboardButton(text=texts.plain("whatsapp.share"), request_contact=True)
    keyboard = ReplyKeyboardMarkup(keyboard=[[share]], resize_keyboard=True, one_time_keyboard=True)
    await message.answer(texts("whatsapp.ask"), reply_markup=keyboard)


@requires(Permission.SET_PHONE)
async def take_contact(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    contact = message.contact
    digits = "".join(filter(str.isdigit, contact.phone_number)) if contact else ""
    own = contact is not None and message.from_user is not None and contact.user_id == message.from_user.id
    if not own or len(digits) not in DIGITS:
        await message.answer(texts("whatsapp.not_yours"))
        return
    async with uow.begin() as session:
        await profile.set_phone(session, actor, f"+{digits}", uow.at)
    await message.answer(texts("whatsapp.done"), reply_markup=ReplyKeyboardRemove())


@requires(Permission.SET_PHONE)
async def stop(query: CallbackQuery, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await profile.set_phone(session, actor, None, uow.at)
    await edit_message(query, texts("whatsapp.stopped"))


async def whatsapp_enabled(_: Message, whatsapp: bool) -> bool:
    """A filter: without WhatsApp a shared contact is answered like any message that is no picture."""
    return whatsapp


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(ask, Command("whatsapp"))
    router.message.register(take_contact, F.contact, whatsapp_enabled)
    router.callback_query.register(stop, StopWhatsApp.filter())
    return router
