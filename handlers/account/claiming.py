"""`/start claim_…`, the QR code of a claim slip: the patient opens their own file in this chat."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account.contact import own_number, register_contacts
from handlers.ui.dates import parse_birthday
from handlers.ui.file_forms import Claiming
from handlers.ui.parsing import register_answers
from handlers.ui.replies import display_name, private_chat_id
from handlers.ui.texts import Catalogues, Texts
from handlers.views.files.walk_ins import CLAIM_PREFIX
from handlers.views.questions import ask, repeat_question
from workflow.accounts import profile
from workflow.accounts.files import slips
from workflow.accounts.files.slips import Claimant, Claimed
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.reporting.release import patient_number
from workflow.unit_of_work import UnitOfWork

TRIES: Final = slips.MAX_TRIES


@requires(Permission.CLAIM_FILE)
async def open_slip(
    message: Message,
    command: CommandObject,
    actor: Actor | None,
    state: FSMContext,
    catalogues: Catalogues,
    uow: UnitOfWork,
) -> None:
    """Ask for the own telephone, or a chat that has an account for the birth date; in the file's language.

    Raises SlipInvalid."""
    token = (command.args or "").removeprefix(CLAIM_PREFIX)
    asked = Claiming.birth if actor else Claiming.contact
    async with uow.begin() as session:
        account = await slips.find(session, token, uow.at, by_phone=actor is None)
        if actor is None:
            await profile.set_language(session, private_chat_id(message), account.language, uow.at)
        await state.set_data({"slip": token})
        await state.set_state(asked)
    texts = catalogues.of(actor.language if actor else account.language)
    await message.answer(texts("claim.open", number=patient_number(account.id)))
    await ask(message, asked, texts)


@requires(Permission.CLAIM_FILE)
async def take_contact(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    phone = own_number(message)
    if phone is None:
        await message.answer(texts("register.phone_other"))
        await repeat_question(message, state, texts)
        return
    async with uow.begin() as session:
        data = await state.update_data(phone=phone)
        claimant = Claimant(private_chat_id(message), actor, display_name(message), phone)
        result = await slips.claim(session, data["slip"], claimant, uow.at)
        await _go_on(result, state)
    await _reply(message, result, texts)


@requires(Permission.CLAIM_FILE)
async def take_birth(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    born = parse_birthday(message.text, uow.at.date())
    if born is None:
        await message.answer(texts("register.birth_bad"))
        return
    async with uow.begin() as session:
        data = await state.get_data()
        claimant = Claimant(private_chat_id(message), actor, display_name(message), data.get("phone"), born)
        result = await slips.claim(session, data["slip"], claimant, uow.at)
        await _go_on(result, state)
    await _reply(message, result, texts)


async def _go_on(result: Claimed, state: FSMContext) -> None:
    if result is Claimed.ASK_BIRTH:
        await state.set_state(Claiming.birth)
    elif result is not Claimed.WRONG:
        await state.clear()


async def _reply(message: Message, result: Claimed, texts: Texts) -> None:
    """Say how it ended; the keys of the telephone go."""
    keys_gone = ReplyKeyboardRemove()
    match result:
        case Claimed.OPENED:
            await message.answer(texts("claim.opened"), reply_markup=keys_gone)
        case Claimed.ASK_BIRTH:
            await message.answer(texts("claim.birth"), reply_markup=keys_gone)
        case Claimed.WRONG:
            await message.answer(texts("claim.wrong", tries=TRIES))
        case Claimed.VOID:
            await message.answer(texts("error.slip_invalid"), reply_markup=keys_gone)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(open_slip, CommandStart(deep_link=True, magic=F.args.startswith(CLAIM_PREFIX)))
    register_contacts(router, {Claiming.contact: take_contact})
    register_answers(router, {Claiming.birth: take_birth})
    return router
