"""/invite: create a link with which one person joins the staff in a chosen role, confirmed with a one-time code."""

from urllib.parse import urlencode

from aiogram import Bot, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.account.codes import confirm_by_code
from handlers.account.start import INVITE_PREFIX
from handlers.ui import callbacks, keyboards
from handlers.ui.forms import Inviting
from handlers.ui.parsing import TYPED_TEXT, parse_email
from handlers.ui.replies import edit_message, private_chat_id
from handlers.ui.texts import Texts
from models.vocabulary import Role
from workflow.accounts import invitations
from workflow.accounts.invitations import PlannedInvite
from workflow.actors import Actor
from workflow.permissions import STAFF, Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.INVITE)
async def ask_invite(message: Message, texts: Texts) -> None:
    choices = [(texts.label(f"role.{role}"), callbacks.InviteTo(role=role)) for role in STAFF]
    await message.answer(texts("invite.ask"), reply_markup=keyboards.rows(choices, width=1))


@requires(Permission.INVITE)
async def invite(
    query: CallbackQuery,
    callback_data: callbacks.InviteTo,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Ask for the address of the one invited: nobody else can use the link."""
    invitations.check_may_invite(actor, callback_data.role)
    async with uow.begin():
        await state.set_data({"role": callback_data.role})
        await state.set_state(Inviting.email)
    await edit_message(query, texts("invite.email", role=texts(f"role.{callback_data.role}")))


@requires(Permission.INVITE)
async def take_email(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Request a code; the answer names the role and the address that it will confirm."""
    email = parse_email(message.text)
    if email is None:
        await message.answer(texts("register.email_bad"))
        return
    async with uow.begin() as session:
        role = Role((await state.get_data())["role"])
        code = await invitations.request_invite(session, actor, role, email, private_chat_id(message), uow.at)
        await state.update_data(email=email)
        await state.set_state(Inviting.code)
    change = f"{texts.plain(f'role.{role}')}, {email}"
    name = texts.plain("menu.invite")
    await message.answer(texts(f"staff.{code.factor}", name=name, change=change, email=code.email))


@requires(Permission.INVITE)
async def take_code(
    message: Message, bot: Bot, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    token = invitations.new_token()
    data = await confirm_by_code(
        message,
        actor,
        state,
        uow,
        secret_key,
        invitations.confirm_invite,
        lambda data: PlannedInvite(Role(data["role"]), data["email"], token),
    )
    name = (await bot.me()).username
    link = f"https://t.me/{name}?{urlencode({'start': INVITE_PREFIX + token})}"
    await message.answer(texts("invite.link", role=texts(f"role.{data['role']}"), email=data["email"], link=link))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(invite, callbacks.InviteTo.filter())
    router.message.register(ask_invite, Command("invite", ignore_case=True))
    router.message.register(take_email, StateFilter(Inviting.email), TYPED_TEXT)
    router.message.register(take_code, StateFilter(Inviting.code), TYPED_TEXT)
    return router
