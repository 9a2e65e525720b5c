"""The administrator's side: approve with a one-time code, invite staff, see who there is."""

from urllib.parse import urlencode

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers import keyboards
from handlers.answers import edit, hide, known, private_chat, say
from handlers.forms import Releasing
from handlers.keyboards import CardAction, OnCard
from handlers.messages import verdict
from handlers.start import INVITATION
from handlers.texts import Html, Texts
from models.people import Role
from workflow import accounts, queries, release
from workflow.actors import Actor
from workflow.codes import Verdict
from workflow.errors import CodeSpent, NotAllowed
from workflow.updates import Effects


async def approve(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """What is confirmed stands next to where the code is asked for."""
    async with effects.begin() as session:
        code = await release.ask_code(session, known(actor), callback_data.scan_id, private_chat(query), effects.at)
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor))
        await state.set_data({"scan_id": scan.id})
        await state.set_state(Releasing.code)
    assert scan.finding is not None
    values = {"scan": scan.id, "email": code.email, "patient": scan.patient.name}
    await say(query, texts("release.code", verdict=verdict(scan.finding, texts), **values))


async def take_code(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, key: bytes
) -> None:
    """Out of the chat with it first; a wrong guess is counted before it is told."""
    await hide(message)
    async with effects.begin() as session:
        scan_id = (await state.get_data())["scan_id"]
        verdict = await release.release(session, known(actor), scan_id, message.text or "", key, effects.at)
        if verdict is not Verdict.WRONG:
            await state.clear()
    verdict.demand()
    await message.answer(texts("release.done", scan=scan_id))


async def no_code_awaited(message: Message) -> None:
    """Six digits without a question are most likely a late code: out of the chat, and say what to do."""
    await hide(message)
    raise CodeSpent


async def ask_invite(message: Message, actor: Actor | None, texts: Texts) -> None:
    if known(actor).role is not Role.ADMINISTRATOR:
        raise NotAllowed
    choices = [(texts.plain(f"role.{role}"), keyboards.InviteTo(role=role)) for role in accounts.STAFF]
    await message.answer(texts("invite.ask"), reply_markup=keyboards.rows(choices, width=1))


async def invite(
    query: CallbackQuery,
    callback_data: keyboards.InviteTo,
    bot: Bot,
    actor: Actor | None,
    texts: Texts,
    effects: Effects,
) -> None:
    async with effects.begin() as session:
        token = await accounts.invite(session, known(actor), callback_data.role, effects.at)
    name = (await bot.me()).username
    link = f"https://t.me/{name}?{urlencode({'start': INVITATION + token})}"
    await edit(query, texts("invite.link", role=texts(f"role.{callback_data.role}"), link=link))


async def users(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    if known(actor).role is not Role.ADMINISTRATOR:
        raise NotAllowed
    async with effects.look() as session:
        people = await queries.staff(session)
        counts = await queries.count_people(session)
    lines = [texts("users.line", name=one.name, role=texts(f"role.{one.role}"), email=one.email) for one in people]
    head = texts("users.head", staff=len(people), patients=counts.get(Role.PATIENT, 0))
    await message.answer(Html("\n".join([head, *lines])))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(approve, OnCard.filter(F.action == CardAction.APPROVE))
    router.callback_query.register(invite, keyboards.InviteTo.filter())
    router.message.register(ask_invite, Command("invite"))
    router.message.register(users, Command("users"))
    router.message.register(take_code, StateFilter(Releasing.code), F.text & ~F.text.startswith("/"))
    router.message.register(no_code_awaited, StateFilter(None), F.text.regexp(r"^\s*\d{3}\s?\d{3}\s*$"))
    return router
