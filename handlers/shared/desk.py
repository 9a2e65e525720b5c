"""Talking to a person: call one, write, end it; and the staff's side: take it, reply, close."""

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.forms import Serving
from handlers.ui.keyboards import DeskAction, OnTicket
from handlers.ui.parsing import WORDS
from handlers.ui.questions import ask
from handlers.ui.replies import Handler, edit, known, private_chat, say
from handlers.ui.texts import Html, Texts
from handlers.views.cards import asker, conversation
from workflow.actors import Actor
from workflow.desk import tickets as desk
from workflow.desk.tickets import DeskHours
from workflow.permissions import Verb
from workflow.unit_of_work import Effects


async def call_person(
    event: Message | CallbackQuery, actor: Actor | None, texts: Texts, effects: Effects, hours: DeskHours
) -> Html:
    """Open the conversation and say when somebody will answer."""
    async with effects.begin() as session:
        told_at = await desk.call(session, private_chat(event), actor, texts.language, hours, effects.at)
    if told_at == effects.at:
        return texts("desk.called")
    return texts("desk.called_late", time=texts.time(told_at))


@does(Verb.CALL_DESK)
async def human(message: Message, actor: Actor | None, texts: Texts, effects: Effects, hours: DeskHours) -> None:
    text = await call_person(message, actor, texts, effects, hours)
    await message.answer(text, reply_markup=keyboards.leave_desk(texts))


@does(Verb.CALL_DESK)
async def press_human(
    query: CallbackQuery, actor: Actor | None, texts: Texts, effects: Effects, hours: DeskHours
) -> None:
    await say(query, await call_person(query, actor, texts, effects, hours), keyboards.leave_desk(texts))


@does(Verb.CALL_DESK)
async def leave(query: CallbackQuery, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    async with effects.begin() as session:
        await desk.leave(session, private_chat(query), actor, effects.at)
    await say(query, texts("desk.over"))


@does(Verb.SERVE_DESK)
async def show_desk(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    """/desk: who waits for a person, emergencies first."""
    async with effects.look() as session:
        tickets = await desk.waiting(session, known(actor))
    if not tickets:
        await message.answer(texts("desk.nobody"))
        return
    lines = [
        texts(
            "desk.line_urgent" if ticket.urgent else "desk.line",
            ticket=ticket.id,
            name=asker(ticket, texts),
            time=texts.time(ticket.opened_at),
        )
        for ticket in tickets
    ]
    opens = [(f"#{ticket.id}", OnTicket(action=DeskAction.CLAIM, ticket_id=ticket.id)) for ticket in tickets]
    text = Html("\n".join([texts("desk.head"), *lines]))
    await message.answer(text, reply_markup=keyboards.rows(opens, width=4), protect_content=True)


@does(Verb.SERVE_DESK)
async def claim(
    query: CallbackQuery, callback_data: OnTicket, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    """Whoever presses first has it, and reads all that was written so far."""
    async with effects.begin() as session:
        ticket = await desk.claim(session, known(actor), callback_data.ticket_id, effects.at)
    actions = (DeskAction.REPLY, DeskAction.CLOSE)
    await query.answer()
    if isinstance(query.message, Message):
        text, keyboard = conversation(ticket, texts), keyboards.on_ticket(texts, ticket.id, actions)
        await query.message.answer(text, reply_markup=keyboard, protect_content=True)


@does(Verb.SERVE_DESK)
async def write(
    query: CallbackQuery,
    callback_data: OnTicket,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    async with effects.begin() as session:
        await desk.claim(session, known(actor), callback_data.ticket_id, effects.at)
        await state.set_data({"ticket_id": callback_data.ticket_id})
        await state.set_state(Serving.reply)
    await query.answer()
    if isinstance(query.message, Message):
        await ask(query.message, Serving.reply, texts)


@does(Verb.SERVE_DESK)
async def take_reply(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """One press, one message: what is typed later for somebody else does not end up here."""
    async with effects.begin() as session:
        ticket_id = (await state.get_data())["ticket_id"]
        ticket = await desk.reply(session, known(actor), ticket_id, message.text or "", effects.at)
        await state.clear()
    actions = (DeskAction.REPLY, DeskAction.CLOSE)
    keyboard = keyboards.on_ticket(texts, ticket_id, actions)
    await message.answer(texts("desk.sent", name=asker(ticket, texts)), reply_markup=keyboard)


@does(Verb.SERVE_DESK)
async def close(
    query: CallbackQuery,
    callback_data: OnTicket,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    async with effects.begin() as session:
        await desk.close(session, known(actor), callback_data.ticket_id, effects.at)
        if await state.get_state() == Serving.reply.state:
            await state.clear()
    await edit(query, texts("desk.done"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(human, Command("human"))
    router.message.register(show_desk, Command("desk"))
    router.message.register(take_reply, StateFilter(Serving.reply), WORDS)
    router.callback_query.register(press_human, keyboards.CallHuman.filter())
    router.callback_query.register(leave, keyboards.LeaveDesk.filter())
    deeds: dict[DeskAction, Handler] = {
        DeskAction.CLAIM: claim,
        DeskAction.REPLY: write,
        DeskAction.CLOSE: close,
    }
    for action, handler in deeds.items():
        router.callback_query.register(handler, OnTicket.filter(F.action == action))
    return router
