"""/users: who works here; suspend, restore, give and take roles, each confirmed with the administrator's own code."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiogram import Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.account.codes import use_code
from handlers.shared.my_case import Buttons
from handlers.ui import keyboards
from handlers.ui.forms import Managing
from handlers.ui.parsing import WORDS, registration_number_in
from handlers.ui.replies import known, private_chat, say
from handlers.ui.texts import Html, Texts
from handlers.views.cards import MESSAGE, length
from models.tables.people import Account, Role
from workflow.accounts import staff as staffing
from workflow.accounts.codes import Verdict
from workflow.accounts.staff import Change, Plan
from workflow.actors import Actor
from workflow.permissions import Verb
from workflow.scans import queries
from workflow.unit_of_work import Effects

BUTTONS: Final = 100  # Telegram's limit of one keyboard


@does(Verb.SEE_STAFF)
async def users(message: Message, texts: Texts, effects: Effects) -> None:
    async with effects.look() as session:
        people = await queries.staff(session)
        counts = await queries.count_people(session)
    head = texts("users.head", staff=len(people), patients=counts.get(Role.PATIENT, 0))
    for text, opens in _parts(head, people, texts):
        await message.answer(text, reply_markup=keyboards.rows(opens))


def _parts(head: Html, people: Sequence[Account], texts: Texts) -> Iterator[tuple[Html, Buttons]]:
    """As many messages as the list needs, each with the buttons of those whom it names."""
    text, opens = head, Buttons()
    for one in people:
        line = _line(one, texts)
        if len(opens) == BUTTONS or length(text) + 1 + length(line) > MESSAGE:
            yield text, opens
            text, opens = line, []
        else:
            text = Html(f"{text}\n{line}")
        opens.append((one.name, keyboards.OpenMember(account_id=one.id)))
    yield text, opens


@does(Verb.MANAGE_STAFF)
async def open_member(
    query: CallbackQuery, callback_data: keyboards.OpenMember, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.look() as session:
        account = await staffing.member(session, known(actor), callback_data.account_id)
    choices = [
        (texts.plain(f"button.staff_{change}"), keyboards.ManageMember(account_id=account.id, change=change))
        for change in staffing.possible(account)
    ]
    await say(query, _line(account, texts), keyboards.rows(choices))


@does(Verb.MANAGE_STAFF)
async def manage(
    query: CallbackQuery,
    callback_data: keyboards.ManageMember,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    """A role that is registered somewhere asks for its number there first."""
    plan = Plan(callback_data.account_id, callback_data.change)
    if not staffing.asks_number(plan.change):
        await say(query, await _ask_code(plan, private_chat(query), known(actor), state, texts, effects))
        return
    async with effects.begin() as session:
        await staffing.member(session, known(actor), plan.account_id)
        await state.set_data(plan._asdict())
        await state.set_state(Managing.number)
    await say(query, texts("staff.number"))


@does(Verb.MANAGE_STAFF)
async def take_number(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    number = registration_number_in(message.text)
    if number is None:
        await message.answer(texts("register.number_bad"))
        return
    plan = _plan(await state.get_data())._replace(number=number)
    await message.answer(await _ask_code(plan, message.chat.id, known(actor), state, texts, effects))


async def _ask_code(plan: Plan, chat_id: int, actor: Actor, state: FSMContext, texts: Texts, effects: Effects) -> Html:
    """What is confirmed stands next to where the code is asked for."""
    async with effects.begin() as session:
        code = await staffing.ask_code(session, actor, plan, chat_id, effects.at)
        account = await staffing.member(session, actor, plan.account_id)
        await state.set_data(plan._asdict())
        await state.set_state(Managing.code)
    deed = texts.plain(f"button.staff_{plan.change}")
    change = f"{deed} ({plan.number})" if plan.number else deed
    return texts(f"staff.{code.factor}", name=account.name, change=change, email=code.email)


def _plan(told: dict[str, Any]) -> Plan:
    return Plan(told["account_id"], Change(told["change"]), told.get("number"))


@does(Verb.MANAGE_STAFF)
async def take_code(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, key: bytes
) -> None:
    async def judge(session: Any, told: dict[str, Any]) -> Verdict:  # noqa: ANN401  handlers know no SQL
        return await staffing.confirm(session, known(actor), _plan(told), message.text or "", key, effects.at)

    await use_code(message, state, effects, judge)
    await message.answer(texts("staff.done"))


def _line(one: Account, texts: Texts) -> Html:
    key = "users.suspended" if one.suspended_at else "users.line"
    roles = Html(", ".join(texts(f"role.{role}") for role in one.roles))
    return texts(key, name=one.name, role=roles, email=one.email)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(users, Command("users"))
    router.callback_query.register(open_member, keyboards.OpenMember.filter())
    router.callback_query.register(manage, keyboards.ManageMember.filter())
    router.message.register(take_number, StateFilter(Managing.number), WORDS)
    router.message.register(take_code, StateFilter(Managing.code), WORDS)
    return router
