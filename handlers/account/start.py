"""/start, /help, /cancel and /language, and the acceptance of invitations."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove

from handlers.access import requires
from handlers.account import chat_linking, registration
from handlers.account.chat_linking import LINK_PREFIX
from handlers.ui import callbacks, keyboards
from handlers.ui.forms import CONTACT_STATES, Joining, Registering
from handlers.ui.parsing import TYPED_TEXT, parse_registration_number, typed_sex
from handlers.ui.replies import edit_message, private_chat_id
from handlers.ui.texts import LANGUAGES, Catalogues, Html, Texts
from models.vocabulary import Sex
from workflow.accounts import invitations, profile
from workflow.actors import Actor
from workflow.errors import InviteInvalid
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

INVITE_PREFIX = "join_"  # of the payload of a deep link


@requires(Permission.PUBLIC_INFO)
async def start(message: Message, actor: Actor | None, texts: Texts, uow: UnitOfWork, catalogues: Catalogues) -> None:
    """Greet the person; a chat without an account chooses its language first."""
    if actor is not None:
        await message.answer(texts(f"start.{actor.role}", name=actor.name))
        return
    async with uow.read() as session:
        chosen = await profile.chosen_language(session, private_chat_id(message))
    if chosen:
        await message.answer(texts("start.stranger"))
    else:
        questions = [catalogues.of(one)("language.ask") for one in LANGUAGES]
        await message.answer(Html("\n".join(questions)), reply_markup=keyboards.languages(texts))


@requires(Permission.PUBLIC_INFO)
async def start_invited(
    message: Message, command: CommandObject, state: FSMContext, actor: Actor | None, texts: Texts, uow: UnitOfWork
) -> None:
    """Open an invitation link: an account holder is asked to accept it, anybody else to register first."""
    token = (command.args or "").removeprefix(INVITE_PREFIX)
    async with uow.begin() as session:
        role = await invitations.invited_role(session, token, uow.at)
        await state.clear()
        await state.update_data(invite=token)
    name = texts(f"role.{role}")
    if actor is None:
        await message.answer(texts("invite.stranger", role=name), reply_markup=keyboards.languages(texts))
    else:
        await message.answer(texts("invite.accept", role=name), reply_markup=keyboards.accept_invitation(texts))


@requires(Permission.ACCEPT_INVITE)
async def accept_invitation(
    query: CallbackQuery, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Accept the invitation; doctors and pharmacists give their registration number first, which reports need."""
    async with uow.begin() as session:
        token = (await state.get_data()).get("invite", "")
        await invitations.check_may_join(session, actor, token, uow.at)
        needs_number = await invitations.needs_registration_number(session, token, uow.at)
        if needs_number:
            await state.set_state(Joining.number)
        else:
            joined = await invitations.accept_invite(session, private_chat_id(query), token, uow.at)
            await state.clear()
    text = texts("register.number") if needs_number else texts(f"start.{joined.role}", name=joined.name)
    await edit_message(query, text)


@requires(Permission.ACCEPT_INVITE)
async def take_number(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    number = parse_registration_number(message.text)
    if number is None:
        await message.answer(texts("register.number_bad"))
        return
    async with uow.begin() as session:
        token = (await state.get_data()).get("invite", "")
        joined = await invitations.accept_invite(session, private_chat_id(message), token, uow.at, number)
        await state.clear()
    await message.answer(texts(f"start.{joined.role}", name=joined.name))


@requires(Permission.REGISTER)
async def register_typed_sex(
    message: Message, sex: Sex, state: FSMContext, texts: Texts, uow: UnitOfWork, catalogues: Catalogues
) -> None:
    """The sex typed at the buttons of the registration counts as pressed."""
    await registration.take_sex(message, callbacks.ChooseSex(sex=sex), state, texts, uow, catalogues)


@requires(Permission.PUBLIC_INFO)
async def help_(message: Message, actor: Actor | None, texts: Texts) -> None:
    await message.answer(texts(f"help.{actor.role}" if actor else "help.stranger"))


@requires(Permission.PUBLIC_INFO)
async def cancel(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin():
        current = await state.get_state()
        await state.clear()
    keys_gone = ReplyKeyboardRemove() if current in {one.state for one in CONTACT_STATES} else None
    await message.answer(texts("cancel.done" if current else "cancel.nothing"), reply_markup=keys_gone)


@requires(Permission.PUBLIC_INFO)
async def language(message: Message, texts: Texts) -> None:
    await message.answer(texts("language.ask"), reply_markup=keyboards.languages(texts))


@requires(Permission.SET_LANGUAGE)
async def choose_language(
    query: CallbackQuery,
    message: Message,
    callback_data: callbacks.ChooseLanguage,
    actor: Actor | None,
    state: FSMContext,
    uow: UnitOfWork,
    catalogues: Catalogues,
) -> None:
    """Set the language; a chat without an account is greeted in it, or reads its invitation in it."""
    chosen = catalogues.of(callback_data.language)
    async with uow.begin() as session:
        await profile.set_language(session, private_chat_id(query), chosen.language, uow.at)
        greets = actor is None and await state.get_state() is None
        invite = (await state.get_data()).get("invite")
    await edit_message(query, chosen("language.done"))
    if greets:
        await message.answer(await _greeting(invite, chosen, uow))


async def _greeting(invite: str | None, texts: Texts, uow: UnitOfWork) -> Html:
    """The first words to a chat without an account, or its invitation while that holds."""
    try:
        async with uow.read() as session:
            role = await invitations.invited_role(session, invite or "", uow.at)
    except InviteInvalid:
        return texts("start.stranger")
    return texts("invite.stranger", role=texts(f"role.{role}"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(
        chat_linking.ask, CommandStart(deep_link=True, ignore_case=True, magic=F.args.startswith(LINK_PREFIX))
    )
    router.message.register(
        start_invited, CommandStart(deep_link=True, ignore_case=True, magic=F.args.startswith(INVITE_PREFIX))
    )
    router.message.register(start, CommandStart(ignore_case=True))
    router.message.register(help_, Command("help", ignore_case=True))
    router.message.register(cancel, Command("cancel", ignore_case=True))
    router.message.register(language, Command("language", ignore_case=True))
    router.message.register(take_number, StateFilter(Joining.number), TYPED_TEXT)
    router.message.register(register_typed_sex, StateFilter(Registering.sex), typed_sex)
    router.callback_query.register(accept_invitation, callbacks.AcceptInvitation.filter())
    return router


def late_routes() -> Router:
    """The choice of a language outside any form; the registration form, which has the same buttons, comes before."""
    router = Router(name=f"{__name__}.late")
    router.callback_query.register(choose_language, callbacks.ChooseLanguage.filter())
    return router
