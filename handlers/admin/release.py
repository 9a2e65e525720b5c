"""The administrator's side: approve with a one-time code, invite staff, see who there is."""

from typing import Any
from urllib.parse import urlencode

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.account.codes import use_code
from handlers.account.start import INVITATION
from handlers.ui import keyboards
from handlers.ui.forms import Releasing
from handlers.ui.keyboards import CardAction, OnCard
from handlers.ui.parsing import WORDS
from handlers.ui.replies import edit, hide, known, private_chat, say
from handlers.ui.texts import Texts
from handlers.views.cards import verdict
from workflow.accounts import registration
from workflow.accounts.codes import Verdict
from workflow.actors import Actor
from workflow.errors import CodeSpent
from workflow.permissions import STAFF, Verb
from workflow.reporting import release
from workflow.scans import queries
from workflow.transitions import Action
from workflow.unit_of_work import Effects


@does(Action.ASK_CODE)
async def approve(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """What is confirmed stands next to where the code is asked for."""
    async with effects.begin() as session:
        code = await release.ask_code(session, known(actor), callback_data.scan_id, private_chat(query), effects.at)
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Action.ASK_CODE)
        await state.set_data({"scan_id": scan.id})
        await state.set_state(Releasing.code)
    assert scan.finding is not None
    values = {"scan": scan.id, "email": code.email, "patient": scan.patient.name}
    await say(query, texts(f"release.{code.factor}", verdict=verdict(scan.finding, texts), **values), private=True)


@does(Action.RELEASE)
async def take_code(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, key: bytes
) -> None:
    async def judge(session: Any, told: dict[str, Any]) -> Verdict:  # noqa: ANN401  handlers know no SQL
        return await release.release(session, known(actor), told["scan_id"], message.text or "", key, effects.at)

    told = await use_code(message, state, effects, judge)
    await message.answer(texts("release.done", scan=told["scan_id"]))


@does(Verb.TALK)
async def no_code_awaited(message: Message) -> None:
    """Six digits without a question are most likely a late code: out of the chat, and say what to do."""
    await hide(message)
    raise CodeSpent


@does(Verb.INVITE)
async def ask_invite(message: Message, texts: Texts) -> None:
    choices = [(texts.plain(f"role.{role}"), keyboards.InviteTo(role=role)) for role in STAFF]
    await message.answer(texts("invite.ask"), reply_markup=keyboards.rows(choices, width=1))


@does(Verb.INVITE)
async def invite(
    query: CallbackQuery,
    callback_data: keyboards.InviteTo,
    bot: Bot,
    actor: Actor | None,
    texts: Texts,
    effects: Effects,
) -> None:
    async with effects.begin() as session:
        token = await registration.invite(session, known(actor), callback_data.role, effects.at)
    name = (await bot.me()).username
    link = f"https://t.me/{name}?{urlencode({'start': INVITATION + token})}"
    await edit(query, texts("invite.link", role=texts(f"role.{callback_data.role}"), link=link))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(approve, OnCard.filter(F.action == CardAction.APPROVE))
    router.callback_query.register(invite, keyboards.InviteTo.filter())
    router.message.register(ask_invite, Command("invite"))
    router.message.register(take_code, StateFilter(Releasing.code), WORDS)
    router.message.register(no_code_awaited, StateFilter(None), F.text.regexp(r"^\s*\d{3}\s?\d{3}\s*$"))
    return router
