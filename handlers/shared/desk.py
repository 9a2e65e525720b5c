"""The help desk: a person calls staff, writes and leaves; staff claim, reply, park and close."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks import DeskAction, OnTicket
from handlers.ui.callbacks.desk import ShowDesk
from handlers.ui.callbacks.urgency import ALARM_ACTIONS
from handlers.ui.forms import AnsweringTicket
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import Handler, View, edit_message, private_chat_id, reply, send_view
from handlers.ui.texts import Html, Texts
from handlers.views.desk.conversations import conversation, desk_view, requester_line, requester_name
from handlers.views.desk.hours import now_line
from handlers.views.paging import join_blocks
from handlers.views.questions import ask
from workflow.actors import Actor
from workflow.desk import alarms, schedule
from workflow.desk import tickets as desk
from workflow.desk.hours import DeskHours
from workflow.errors import NotFound, StaleAction, TicketTaken
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

TALKING: Final = (DeskAction.PARK, DeskAction.CLOSE)  # buttons of the conversation that typed text goes to


async def open_conversation(
    event: Message | CallbackQuery, actor: Actor | None, texts: Texts, uow: UnitOfWork, desk_hours: DeskHours
) -> Html:
    """Open a conversation; returns the text that says when staff will answer, and the holiday on which they do not."""
    async with uow.begin() as session:
        hours = await schedule.load(session, desk_hours)
        notified_at = await desk.request_staff(session, private_chat_id(event), actor, texts.language, hours, uow.at)
    if notified_at == uow.at:
        return texts("desk.called")
    called = texts("desk.called_late", time=texts.time(notified_at))
    closed = hours.on(uow.at.astimezone(hours.zone).date()) == ()
    return join_blocks(now_line(hours, texts, uow.at), called) if closed else called


@requires(Permission.CALL_DESK)
async def call_desk(
    message: Message,
    actor: Actor | None,
    texts: Texts,
    uow: UnitOfWork,
    desk_hours: DeskHours,
    raw_state: str | None = None,
) -> None:
    """/human opens a conversation, which pauses an open form."""
    text = await open_conversation(message, actor, texts, uow, desk_hours)
    await send_called(message, text, texts, paused=raw_state is not None)


async def send_called(message: Message, text: Html, texts: Texts, *, paused: bool) -> None:
    keyboard = keyboards.leave_desk(texts)
    if paused:
        text = join_blocks(text, texts("form.paused"))
        keyboard = keyboards.stack(keyboards.back_to_form(texts), keyboard)
    await message.answer(text, reply_markup=keyboard)


@requires(Permission.CALL_DESK)
async def call_desk_by_button(
    query: CallbackQuery,
    message: Message,
    actor: Actor | None,
    texts: Texts,
    uow: UnitOfWork,
    desk_hours: DeskHours,
    raw_state: str | None = None,
) -> None:
    text = await open_conversation(query, actor, texts, uow, desk_hours)
    await query.answer()
    await send_called(message, text, texts, paused=raw_state is not None)


@requires(Permission.CALL_DESK)
async def leave(
    query: CallbackQuery, actor: Actor | None, texts: Texts, uow: UnitOfWork, raw_state: str | None = None
) -> None:
    async with uow.begin() as session:
        await desk.withdraw(session, private_chat_id(query), actor, uow.at)
    await reply(query, texts("desk.over"), keyboards.back_to_form(texts) if raw_state else None)


@requires(Permission.SERVE_DESK)
async def show_desk(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """/desk: all open conversations, emergencies first, in pages."""
    await send_view(message, await _desk_page(actor, texts, uow, 0))


@requires(Permission.SERVE_DESK)
async def turn_page(query: CallbackQuery, callback_data: ShowDesk, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    view = await _desk_page(actor, texts, uow, callback_data.page)
    await edit_message(query, view.text, view.keyboard)


async def _desk_page(actor: Actor, texts: Texts, uow: UnitOfWork, page: int) -> View:
    async with uow.read() as session:
        tickets = await desk.open_tickets(session, actor)
        scans = await desk.newest_scans(session, tickets)
    return desk_view(tickets, scans, page, texts, uow.at) if tickets else View(texts("desk.nobody"), protected=False)


@requires(Permission.SERVE_DESK)
async def claim(
    query: CallbackQuery,
    message: Message,
    callback_data: OnTicket,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Claim the conversation, which only one staff member can, and show what was written so far.

    What is typed next goes to the requester, unless a form is open; then "Reply" enters the conversation later."""
    async with uow.begin() as session:
        ticket = await desk.claim(session, actor, callback_data.ticket_id, uow.at)
        scans = await desk.newest_scans(session, [ticket])
        enters = await state.get_state() in {None, AnsweringTicket.reply.state}
        if enters:
            await _enter(state, ticket.id)
    actions = (
        *(TALKING if enters else (DeskAction.REPLY, DeskAction.CLOSE)),
        *(ALARM_ACTIONS if ticket.urgent else ()),
    )
    await query.answer()
    head = Html(f"{requester_line(ticket, scans, texts, uow.at)}\n\n{conversation(ticket, texts)}")
    keyboard = keyboards.ticket_keyboard(texts, ticket.id, actions) or keyboards.stack()
    spoken = keyboards.play_keyboard(ticket.messages)
    await message.answer(head, reply_markup=keyboards.stack(spoken, keyboard), protect_content=True)
    if enters:
        await ask(message, AnsweringTicket.reply, texts)


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
        await _enter(state, callback_data.ticket_id)
    await query.answer()
    await ask(message, AnsweringTicket.reply, texts)


async def _enter(state: FSMContext, ticket_id: int) -> None:
    await state.set_data({"ticket_id": ticket_id})
    await state.set_state(AnsweringTicket.reply)


@requires(Permission.SERVE_DESK)
async def take_reply(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Send the message and name who gets it. The conversation goes on until it is closed, parked or has ended."""
    try:
        async with uow.begin() as session:
            ticket_id = await _ticket_in(state)
            ticket = await desk.reply(session, actor, ticket_id, message.text or "", uow.at)
    except (NotFound, StaleAction, TicketTaken):
        async with uow.begin():
            await state.clear()
        raise
    keyboard = keyboards.ticket_keyboard(texts, ticket_id, TALKING)
    await message.answer(texts("desk.sent", name=requester_name(ticket, texts)), reply_markup=keyboard)


@requires(Permission.SERVE_DESK)
async def park(query: CallbackQuery, callback_data: OnTicket, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Leave the conversation open and claimed; what is typed next goes to nobody."""
    async with uow.begin():
        if await _is_in(state, callback_data.ticket_id):
            await state.clear()
    keyboard = keyboards.ticket_keyboard(texts, callback_data.ticket_id, (DeskAction.REPLY, DeskAction.CLOSE))
    await edit_message(query, texts("desk.parked", ticket=callback_data.ticket_id), keyboard)


async def _ticket_in(state: FSMContext) -> int:
    """The ticket of the conversation that the form holds."""
    return int((await state.get_data())["ticket_id"])


async def _is_in(state: FSMContext, ticket_id: int) -> bool:
    """Whether what is typed next goes to the requester of this ticket."""
    talking = await state.get_state() == AnsweringTicket.reply.state
    return talking and await _ticket_in(state) == ticket_id


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
        if await _is_in(state, callback_data.ticket_id):
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
    router.message.register(call_desk, Command("human", ignore_case=True))
    router.message.register(show_desk, Command("desk", ignore_case=True))
    router.message.register(take_reply, StateFilter(AnsweringTicket.reply), TYPED_TEXT)
    router.callback_query.register(call_desk_by_button, callbacks.CallDesk.filter())
    router.callback_query.register(turn_page, ShowDesk.filter())
    router.callback_query.register(leave, callbacks.LeaveDesk.filter())
    handlers: dict[DeskAction, Handler] = {
        DeskAction.CLAIM: claim,
        DeskAction.REPLY: start_reply,
        DeskAction.CLOSE: close,
        DeskAction.NO_EMERGENCY: dismiss,
        DeskAction.MUTE: dismiss,
        DeskAction.PARK: park,
    }
    for action, handler in handlers.items():
        router.callback_query.register(handler, OnTicket.filter(F.action == action))
    return router
