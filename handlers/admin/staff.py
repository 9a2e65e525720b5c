"""/users: staff accounts; suspend, restore, grant and revoke roles, each confirmed with a code to the administrator."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiogram import Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.account.codes import confirm_by_code
from handlers.ui import callbacks, keyboards
from handlers.ui.forms import Managing
from handlers.ui.keyboards import Buttons
from handlers.ui.parsing import TYPED_TEXT, parse_registration_number
from handlers.ui.replies import private_chat_id, reply
from handlers.ui.texts import Html, Texts
from handlers.views.paging import MESSAGE_LIMIT, telegram_length
from models.tables.accounts import Account
from models.vocabulary import Role
from workflow.accounts import staff as staffing
from workflow.accounts.staff import PlannedChange, StaffChange
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork

MAX_BUTTONS: Final = 100  # Telegram's limit for one keyboard


@requires(Permission.SEE_STAFF)
async def list_staff(message: Message, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.read() as session:
        people = await queries.staff_accounts(session)
        counts = await queries.count_people(session)
    head = texts("users.head", staff=len(people), patients=counts.get(Role.PATIENT, 0))
    for text, buttons in _messages(head, people, texts):
        await message.answer(text, reply_markup=keyboards.rows(buttons))


def _messages(head: Html, people: Sequence[Account], texts: Texts) -> Iterator[tuple[Html, Buttons]]:
    """The list in as many messages as it needs, each with buttons for the accounts that it names."""
    text, buttons = head, Buttons()
    for one in people:
        line = _line(one, texts)
        if len(buttons) == MAX_BUTTONS or telegram_length(text) + 1 + telegram_length(line) > MESSAGE_LIMIT:
            yield text, buttons
            text, buttons = line, []
        else:
            text = Html(f"{text}\n{line}")
        buttons.append((one.name, callbacks.OpenMember(account_id=one.id)))
    yield text, buttons


@requires(Permission.MANAGE_STAFF)
async def open_member(
    query: CallbackQuery, callback_data: callbacks.OpenMember, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.read() as session:
        account = await staffing.staff_member(session, actor, callback_data.account_id)
        changes = staffing.possible_changes(session, actor, account, uow.at)
    choices = [
        (texts.plain(f"button.staff_{change}"), callbacks.ManageMember(account_id=account.id, change=change))
        for change in changes
    ]
    await reply(query, _line(account, texts), keyboards.rows(choices))


@requires(Permission.MANAGE_STAFF)
async def manage(
    query: CallbackQuery,
    callback_data: callbacks.ManageMember,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Start a change; a role with a professional register asks for the registration number first."""
    plan = PlannedChange(callback_data.account_id, callback_data.change)
    if not staffing.needs_registration_number(plan.change):
        await reply(query, await _ask_code(plan, private_chat_id(query), actor, state, texts, uow))
        return
    async with uow.begin() as session:
        await staffing.staff_member(session, actor, plan.account_id)
        await state.set_data(plan._asdict())
        await state.set_state(Managing.number)
    await reply(query, texts("staff.number"))


@requires(Permission.MANAGE_STAFF)
async def take_number(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    number = parse_registration_number(message.text)
    if number is None:
        await message.answer(texts("register.number_bad"))
        return
    plan = _plan(await state.get_data())._replace(number=number)
    await message.answer(await _ask_code(plan, message.chat.id, actor, state, texts, uow))


async def _ask_code(
    plan: PlannedChange, chat_id: int, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> Html:
    """Request a code; the answer names what it will confirm."""
    async with uow.begin() as session:
        code = await staffing.request_code(session, actor, plan, chat_id, uow.at)
        account = await staffing.staff_member(session, actor, plan.account_id)
        await state.set_data(plan._asdict())
        await state.set_state(Managing.code)
    label = texts.plain(f"button.staff_{plan.change}")
    change = f"{label} ({plan.number})" if plan.number else label
    return texts(f"staff.{code.factor}", name=account.name, change=change, email=code.email)


def _plan(data: dict[str, Any]) -> PlannedChange:
    return PlannedChange(data["account_id"], StaffChange(data["change"]), data.get("number"))


@requires(Permission.MANAGE_STAFF)
async def take_code(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    await confirm_by_code(message, actor, state, uow, secret_key, staffing.confirm, _plan)
    await message.answer(texts("staff.done"))


def _line(one: Account, texts: Texts) -> Html:
    key = "users.suspended" if one.suspended_at else "users.line"
    roles = Html(", ".join(texts(f"role.{role}") for role in one.roles))
    return texts(key, name=one.name, role=roles, email=one.email)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(list_staff, Command("users", ignore_case=True))
    router.callback_query.register(open_member, callbacks.OpenMember.filter())
    router.callback_query.register(manage, callbacks.ManageMember.filter())
    router.message.register(take_number, StateFilter(Managing.number), TYPED_TEXT)
    router.message.register(take_code, StateFilter(Managing.code), TYPED_TEXT)
    return router
