"""The help desk: a person calls staff, writes and leaves; staff claim, reply and close."""

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks import DeskAction, OnTicket
from handlers.ui.forms import AnsweringTicket
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import Handler, edit_message, private_chat_id, reply
from handlers.ui.texts import Html, Texts
from handlers.ui.urgency_callbacks import ALARM_ACTIONS
from handlers.views.desk import conversation, requester_name
from handlers.views.questions import ask
from workflow.actors import Actor
from workflow.desk import alarms
from workflow.desk import tickets as desk
from workflow.desk.hours import DeskHours
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


async def open_conversation(
    event: Message | CallbackQuery, actor: Actor | None, texts: Texts, uow: UnitOfWork, desk_hours: DeskHours
) -> Html:
    """Open a conversation; returns the text that says when staff will answer."""
    async with uow.begin() as session:
        notified_at = await desk.request_staff(
            session, private_chat_id(event), actor, texts.language, desk_hours, uow.at
        )
    if notified_at == uow.at:
        return texts("desk.called")
    return texts("desk.called_late", time=texts.time(notified_at))


@requires(Permission.CALL_DESK)
async def call_desk(
    message: Message, actor: Actor | None, texts: Texts, uow: UnitOfWork, desk_hours: DeskHours
) -> None:
    text = await open_conversation(message, actor, texts, uow, desk_hours)
    await message.answer(text, reply_markup=keyboards.leave_desk(texts))


@requires(Permission.CALL_DESK)
async def call_desk_by_button(
    query: CallbackQuery, actor: Actor | None, texts: Texts, uow: UnitOfWork, desk_hours: DeskHours
) -> None:
    await reply(query, await open_conversation(query, actor, texts, uow, desk_hours), keyboards.leave_desk(texts))


@requires(Permission.CALL_DESK)
async def leave(query: CallbackQuery, actor: Actor | None, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await desk.withdraw(session, private_chat_id(query), actor, uow.at)
    await reply(query, texts("desk.over"))


@requires(Permission.SERVE_DESK)
async def show_desk(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """/desk: waiting conversations, emergencies first."""
    async with uow.read() as session:
        tickets = await desk.waiting_tickets(session, actor)
    if not tickets:
        await message.answer(texts("desk.nobody"))
        return
    lines = [
        texts(
            "desk.line_urgent" if ticket.urgent else "desk.line",
            ticket=ticket.id,
            name=requester_name(ticket, texts),
            time=texts.time(ticket.opened_at),
        )
        for ticket in tickets
    ]
    buttons = [(f"#{ticket.id}", OnTicket(action=DeskAction.CLAIM, ticket_id=ticket.id)) for ticket in tickets]
    text = Html("\n".join([texts("desk.head"), *lines]))
    await message.answer(text, reply_markup=keyboards.rows(buttons, width=4), protect_content=True)


@requires(Permission.SERVE_DESK)
async def claim(
    query: CallbackQuery, message: Message, callback_data: OnTicket, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """Claim the conversation, which only one staff member can, and show what was written so far."""
    async with uow.begin() as session:
        ticket = await desk.claim(session, actor, callback_data.ticket_id, uow.at)
    actions = (DeskAction.REPLY, DeskAction.CLOSE, *(ALARM_ACTIONS if ticket.urgent else ()))
    await query.answer()
    text, keyboard = conversation(ticket, texts), keyboards.ticket_keyboard(texts, ticket.id, actions)
    await message.answer(text, reply_markup=keyboard, protect_content=True)


@requires(Permission.SERVE_DESK)
async def start_reply(
    query: CallbackQuery,
    message: Message,
    callback_data: OnTicket,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    async with uow.begin() as session:
        await desk.claim(session, actor, callback_data.ticket_id, uow.at)
        await state.set_data({"ticket_id": callback_data.ticket_id})
        await state.set_state(AnsweringTicket.reply)
    await query.answer()
    await ask(message, AnsweringTicket.reply, texts)


@requires(Permission.SERVE_DESK)
async def take_reply(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Send the reply. Each press of the button takes one message, so that later text goes to nobody by mistake."""
    async with uow.begin() as session:
        ticket_id = (await state.get_data())["ticket_id"]
        ticket = await desk.reply(session, actor, ticket_id, message.text or "", uow.at)
        await state.clear()
    actions = (DeskAction.REPLY, DeskAction.CLOSE)
    keyboard = keyboards.ticket_keyboard(texts, ticket_id, actions)
    await message.answer(texts("desk.sent", name=requester_name(ticket, texts)), reply_markup=keyboard)


@requires(Permission.SERVE_DESK)
async def close(
    query: CallbackQuery,
    callback_data: OnTicket,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    async with uow.begin() as session:
        await desk.close(session, actor, callback_data.ticket_id, uow.at)
        if await state.get_state() == AnsweringTicket.reply.state:
            await state.clear()
    await edit_message(query, texts("desk.done"))


@requires(Permission.SERVE_DESK)
async def dismiss(query: CallbackQuery, callback_data: OnTicket, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """No emergency; with the other button the chat also rings nobody for a day."""
    mute = callback_data.action is DeskAction.MUTE
    async with uow.begin() as session:
        await alarms.dismiss(session, actor, callback_data.ticket_id, uow.at, mute=mute)
    await edit_message(query, texts("desk.muted" if mute else "desk.no_emergency"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(call_desk, Command("human"))
    router.message.register(show_desk, Command("desk"))
    router.message.register(take_reply, StateFilter(AnsweringTicket.reply), TYPED_TEXT)
    router.callback_query.register(call_desk_by_button, callbacks.CallDesk.filter())
    router.callback_query.register(leave, callbacks.LeaveDesk.filter())
    handlers: dict[DeskAction, Handler] = {
        DeskAction.CLAIM: claim,
        DeskAction.REPLY: start_reply,
        DeskAction.CLOSE: close,
        DeskAction.NO_EMERGENCY: dismiss,
        DeskAction.MUTE: dismiss,
    }
    for action, handler in handlers.items():
        router.callback_query.register(handler, OnTicket.filter(F.action == action))
    return router
