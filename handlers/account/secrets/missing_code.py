"""A mailed code that does not come: sent again, to another address, or the registration goes on without one."""

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import ResendCode
from handlers.ui.callbacks.account import OtherAddress, WithoutEmail
from handlers.ui.forms import Correcting, Registering
from handlers.ui.replies import private_chat_id, reply
from handlers.ui.texts import Texts
from handlers.views.questions import ask, go_to
from workflow.accounts import registration
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.REGISTER)
async def resend_code(query: CallbackQuery, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await _mail_again(query, state, texts, uow)


@requires(Permission.SET_EMAIL)
async def resend_correction(query: CallbackQuery, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await _mail_again(query, state, texts, uow)


async def _mail_again(query: CallbackQuery, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        data = await state.get_data()
        email = data["email"]
        await registration.request_email_code(session, private_chat_id(query), email, texts.language, uow.at)
    keyboard = keyboards.missing_code(texts, invited=bool(data.get("invite")))
    await reply(query, texts("register.code_again", email=email), keyboard)


@requires(Permission.REGISTER)
async def ask_other_address(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await go_to(query, message, Registering.email, state, texts, uow)


@requires(Permission.SET_EMAIL)
async def ask_other_correction(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    await go_to(query, message, Correcting.email, state, texts, uow)


@requires(Permission.REGISTER)
async def register_without(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Forget the address and ask for the telephone in its place. Raises StaleAction for staff, who need an address."""
    async with uow.begin():
        data = await state.get_data()
        if data.get("invite"):
            raise StaleAction
        data.pop("email", None)
        await state.set_data(data)
        await state.set_state(Registering.contact)
    await query.answer()
    await ask(message, Registering.contact, texts)


@requires(Permission.SET_EMAIL)
async def keep_as_it_is(query: CallbackQuery, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """End the change of the address: nothing was changed yet."""
    async with uow.begin():
        await state.clear()
    await reply(query, texts("correct.unchanged"))


def routes() -> Router:
    router = Router(name=__name__)
    registering, correcting = StateFilter(Registering.code), StateFilter(Correcting.code)
    router.callback_query.register(resend_code, ResendCode.filter(), registering)
    router.callback_query.register(resend_correction, ResendCode.filter(), correcting)
    router.callback_query.register(ask_other_address, OtherAddress.filter(), registering)
    router.callback_query.register(ask_other_correction, OtherAddress.filter(), correcting)
    router.callback_query.register(register_without, WithoutEmail.filter(), registering)
    router.callback_query.register(keep_as_it_is, WithoutEmail.filter(), correcting)
    return router
