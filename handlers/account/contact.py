"""The own telephone number, shared by Telegram's button: first step of a registration, and proof of identity."""

from collections.abc import Mapping
from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account.passwords import require_password
from handlers.ui.forms import CONTACT_STATES, Correcting, Erasing, Exporting, Registering, Unlocking
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import Handler
from handlers.ui.texts import Texts
from handlers.views.questions import ask, repeat_question
from workflow.accounts.chats import phones
from workflow.accounts.passwords import PasswordHasher
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

DIGITS: Final = range(8, 16)  # of a phone number with its country code (E.164)
BY_PHONE: Final[Mapping[State, State]] = {
    Unlocking.password: Unlocking.contact,
    Exporting.password: Exporting.contact,
    Erasing.password: Erasing.contact,
    Correcting.password: Correcting.contact,
}


def own_number(message: Message) -> str | None:
    """The shared number with a plus, if the contact is the sender's own: Telegram vouches for its user id.

    A forwarded contact is not taken: it may be of before the sender changed the number."""
    contact = message.contact
    if contact is None or message.from_user is None or contact.user_id != message.from_user.id:
        return None
    digits = "".join(filter(str.isdecimal, contact.phone_number))
    return f"+{digits}" if len(digits) in DIGITS and message.forward_origin is None else None


def proof_state(actor: Actor, by_password: State) -> State:
    """The state that asks for the actor's proof of identity: the password, or the telephone where there is none."""
    return BY_PHONE[by_password] if actor.by_phone else by_password


async def require_proof(message: Message, actor: Actor, uow: UnitOfWork, hasher: PasswordHasher) -> None:
    """Require the own number of an account without a password, else the password.

    Raises PhoneUnknown, WrongPassword or LoginLocked."""
    if message.contact is None:
        await require_password(message, actor, uow, hasher)
        return
    async with uow.read() as session:
        await phones.require_own_phone(session, actor, own_number(message))


def register_contacts(router: Router, handlers: Mapping[State, Handler]) -> None:
    """Register the handler of the contact shared in each state."""
    for state, handler in handlers.items():
        router.message.register(handler, StateFilter(state), F.contact)


@requires(Permission.REGISTER)
async def take_number(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Go on to the name, or past it when it is known. The answer is the same whether or not the number is known."""
    phone = own_number(message)
    if phone is None:
        await message.answer(texts("register.phone_other"))
        await repeat_question(message, state, texts)
        return
    async with uow.begin():
        named = bool((await state.update_data(phone=phone)).get("name"))
        await state.set_state(Registering.birth if named else Registering.name)
    if named:
        await message.answer(texts("register.number_taken"), reply_markup=ReplyKeyboardRemove())
        await ask(message, Registering.birth, texts)
    else:
        await message.answer(texts("register.name"), reply_markup=ReplyKeyboardRemove())


@requires(Permission.REGISTER)
async def take_key(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """The keyboard's other key registers with an address; any other text gets the question again."""
    if message.text != texts.plain("button.with_email"):
        await repeat_question(message, state, texts)
        return
    async with uow.begin():
        named = bool((await state.get_data()).get("name"))
        await state.set_state(Registering.email if named else Registering.name)
    await message.answer(texts("register.email" if named else "register.name"), reply_markup=ReplyKeyboardRemove())


@requires(Permission.PUBLIC_INFO)
async def ask_again(message: Message, state: FSMContext, texts: Texts) -> None:
    """Text where the number is to be shared."""
    await repeat_question(message, state, texts)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(take_number, StateFilter(Registering.contact), F.contact)
    router.message.register(take_key, StateFilter(Registering.contact), TYPED_TEXT)
    router.message.register(ask_again, StateFilter(*CONTACT_STATES), TYPED_TEXT)
    return router
