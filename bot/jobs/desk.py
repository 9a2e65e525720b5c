"""Messages of the staff desk: calls to the staff, and the conversation between requester and staff member."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from aiogram.exceptions import TelegramBadRequest

from bot.channels.delivering import TELEGRAM_REFUSALS
from bot.jobs.notify import Outgoing, send_pages
from bot.services import Services
from handlers.ui import keyboards
from handlers.ui.callbacks import DeskAction
from handlers.ui.callbacks.urgency import ALARM_ACTIONS
from handlers.ui.texts import Html, Texts
from handlers.views.desk.conversations import alarm_block, requester_line, requester_name
from handlers.views.paging import join_blocks
from models.tables.accounts import Account, ChatLink
from models.tables.desk import Ticket, TicketMessage, TicketState
from models.tables.scans import Scan
from workflow.accounts import sessions
from workflow.accounts.browsers import notices
from workflow.desk import alarms, edits, tickets, urgency


async def call_staff(services: Services, ticket_id: int, words_id: int | None = None, again: str = "") -> None:
    """Tell every staff chat that a ticket waits, or, with `words_id`, that its message reports an emergency.

    An alarm carries those of other tickets that wait for one as well. Idempotent, except that it is sent again where a
    crash hid the outcome. Sends nothing for a ticket that is no longer open, or whose alarm went with another one.
    `again` distinguishes repeated calls."""
    if words_id is not None:
        async with services.sessions.begin() as session:
            rung = [
                (one, await alarms.open_scan(session, one.account_id))
                for one in await alarms.take_ring(session, ticket_id, words_id)
            ]
            chats = await tickets.staff_chats(session)
        for chat_id in chats if rung else ():
            await _send(services, f"ticket:{ticket_id}:{words_id}", chat_id, await _alarm(services, chat_id, rung))
        return
    async with services.sessions() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        chats = await tickets.staff_chats(session)
        scans = await tickets.newest_scans(session, [ticket])
    for chat_id in chats if ticket.state is TicketState.OPEN else ():
        texts = await _texts(services, chat_id)
        text = texts("desk.wanted", name=requester_name(ticket, texts), time=texts.time(ticket.opened_at))
        if not await _is_locked(services, chat_id):
            text = Html(f"{text}\n{requester_line(ticket, scans, texts, services.now())}")
        outgoing = Outgoing(text, keyboards.ticket_keyboard(texts, ticket_id, (DeskAction.CLAIM,)), protected=True)
        await _send(services, f"ticket:{ticket_id}:call{again}", chat_id, outgoing)


async def _alarm(services: Services, chat_id: int, rung: Sequence[tuple[Ticket, Scan | None]]) -> Outgoing:
    """One alarm with its buttons, or several as a list; a locked chat, which anybody may read, sees no words."""
    texts, at = await _texts(services, chat_id), services.now()
    locked = await _is_locked(services, chat_id)
    blocks = [alarm_block(ticket, scan, texts, at, hidden=locked) for ticket, scan in rung]
    if len(rung) > 1:
        buttons = keyboards.claim_keyboard([ticket.id for ticket, _ in rung])
        return Outgoing(join_blocks(texts("desk.alarms"), *blocks), buttons, protected=True)
    [(ticket, _)] = rung
    actions = () if ticket.state is TicketState.CLOSED else (DeskAction.CLAIM, *ALARM_ACTIONS)
    keyboard = keyboards.ticket_keyboard(texts, ticket.id, actions)
    return Outgoing(join_blocks(texts("desk.alarm"), *blocks), keyboard, protected=True)


async def withdraw_call(services: Services, ticket_id: int) -> None:
    """Take the button of a ticket that is not open any more off every call to the staff. Idempotent."""
    async with services.sessions() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        calls = await alarms.calls_of(session, ticket)
    if ticket.state is TicketState.OPEN:  # given back meanwhile
        return
    for chat_id, message_id, left in calls:
        keyboard = keyboards.claim_keyboard(left) if left else None
        with suppress(*TELEGRAM_REFUSALS, TelegramBadRequest):  # the chat blocks the bot, or the button is gone already
            await services.bot.edit_message_reply_markup(chat_id=chat_id, message_id=message_id, reply_markup=keyboard)


async def relay_words(services: Services, words_id: int) -> None:
    """Relay one message to the other side of the conversation. Idempotent like `call_staff`."""
    async with services.sessions.begin() as session:
        message = await session.get(TicketMessage, words_id)
        if message is None:  # its author was erased
            return
        ticket = await session.get_one(Ticket, message.ticket_id)
        author = await session.get(Account, message.staff_id) if message.staff_id else None
        if author:
            chats = await tickets.requester_chats(session, ticket)
            if ticket.account_id is not None:
                own, now = ticket.account_id, services.now()
                await notices.enqueue_for_patient(session, own, message.at, now, relatives=False)
        else:
            chats = await tickets.chats_of_staff_member(session, ticket.claimed_by)
    for chat_id in chats:
        texts = await _texts(services, chat_id, ticket)
        await _send(services, f"words:{words_id}", chat_id, _relayed(texts, ticket, message, author))


async def notify_ticket_change(services: Services, ticket_id: int, turn: str) -> None:
    """Tell the requester that the ticket was claimed or closed, or the staff member that the requester left.

    Idempotent like `call_staff`. `turn`: "claimed", "closed", "dismissed" or "left"."""
    async with services.sessions() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        left = turn == "left"
        if left:
            chats = await tickets.chats_of_staff_member(session, ticket.claimed_by)
        else:
            chats = await tickets.requester_chats(session, ticket)
    staff_name = ticket.claimer.name if ticket.claimer else ""
    for chat_id in chats:
        texts = await _texts(services, chat_id, ticket)
        name = requester_name(ticket, texts) if left else staff_name
        keyboard = keyboards.leave_desk(texts) if turn == "claimed" else None
        async with services.sessions() as session:
            if turn in {"closed", "dismissed"} and await edits.has_open_form(session, chat_id):
                keyboard = keyboards.back_to_form(texts)
        key = f"ticket:{ticket_id}:{turn}:{ticket.claimed_by}"  # a new notice for each staff member who claims it
        await _send(services, key, chat_id, Outgoing(texts(f"desk.{turn}", name=name), keyboard, protected=True))


async def report_unanswered(services: Services, question_id: int) -> None:
    """Report the emergency whose question got no answer, and tell its author. Idempotent like `call_staff`."""
    async with services.sessions.begin() as session:
        question = await urgency.report_unanswered(session, question_id, services.now())
    if question is not None:
        texts = services.catalogues.of(question.language)
        await _send(
            services, f"urgency:{question_id}", question.chat_id, Outgoing(texts("urgency.unanswered"), None, False)
        )


def _relayed(texts: Texts, ticket: Ticket, message: TicketMessage, author: Account | None) -> Outgoing:
    if author:
        keyboard = keyboards.leave_desk(texts)
        return Outgoing(texts("desk.says", name=author.name, words=message.text), keyboard, protected=True)
    actions = () if ticket.state is TicketState.CLOSED else (DeskAction.REPLY, DeskAction.CLOSE)
    sentence = texts("desk.says", name=requester_name(ticket, texts), words=message.text)
    keyboard = keyboards.ticket_keyboard(texts, ticket.id, actions) or keyboards.stack()
    return Outgoing(sentence, keyboards.stack(keyboards.play_keyboard([message]), keyboard), protected=True)


async def _is_locked(services: Services, chat_id: int) -> bool:
    async with services.sessions() as session:
        actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
    return actor is None or actor.locked


async def _texts(services: Services, chat_id: int, ticket: Ticket | None = None) -> Texts:
    """The reader's language; of a chat without an account, the language of the ticket."""
    async with services.sessions() as session:
        link = await session.get(ChatLink, chat_id)
    fallback = ticket.language if ticket else None
    return services.catalogues.of(link.account.language if link else fallback)


async def _send(services: Services, key: str, chat_id: int, message: Outgoing) -> None:
    await services.deliveries.deliver(f"{key}:{chat_id}", partial(send_pages, services, chat_id, message))
