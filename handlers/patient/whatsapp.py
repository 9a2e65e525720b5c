"""/whatsapp: a patient turns the delivery of reports by WhatsApp on or off."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account.contact import own_number
from handlers.ui import keyboards
from handlers.ui.callbacks import StopWhatsApp
from handlers.ui.replies import edit_message, private_chat_id
from handlers.ui.texts import Texts
from models.tables.codes import Change
from workflow.accounts.chats import phones
from workflow.actors import Actor
from workflow.credentials import changes
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SET_PHONE)
async def ask(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork, whatsapp: bool) -> None:
    """Ask for the phone number by Telegram's contact button, which shares the person's own number."""
    if not whatsapp:
        await message.answer(texts("whatsapp.off"))
        return
    async with uow.read() as session:
        account = await queries.account_of(session, actor)
    if account.phone and account.whatsapp:
        stop = keyboards.rows([(texts.plain("whatsapp.stop"), StopWhatsApp())])
        await message.answer(texts("whatsapp.on", phone=account.phone), reply_markup=stop)
        return
    await message.answer(texts("whatsapp.ask"), reply_markup=keyboards.share_number(texts))


@requires(Permission.SET_PHONE)
async def take_contact(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    phone = own_number(message)
    if phone is None:
        await message.answer(texts("whatsapp.not_yours"))
        return
    async with uow.begin() as session:
        await phones.turn_whatsapp_on(session, actor, phone, uow.at)
        await changes.note(session, actor.account_id, Change.PHONE, uow.at, private_chat_id(message))
    await message.answer(texts("whatsapp.done"), reply_markup=ReplyKeyboardRemove())


@requires(Permission.SET_PHONE)
async def stop(query: CallbackQuery, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await phones.turn_whatsapp_off(session, actor, uow.at)
        await changes.note(session, actor.account_id, Change.PHONE, uow.at, private_chat_id(query))
    await edit_message(query, texts("whatsapp.stopped_kept" if actor.by_phone else "whatsapp.stopped"))


async def whatsapp_enabled(_: Message, whatsapp: bool) -> bool:
    """A filter: without WhatsApp a shared contact is answered like any message that is no picture."""
    return whatsapp


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(ask, Command("whatsapp", ignore_case=True))
    router.message.register(take_contact, F.contact, whatsapp_enabled)
    router.callback_query.register(stop, StopWhatsApp.filter())
    return router
