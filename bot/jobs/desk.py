"""Carries words between those who ask and the staff; what was kept arrives, twice rather than never."""

from datetime import UTC, datetime
from typing import NamedTuple

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InlineKeyboardMarkup

from bot.services import Clinic
from handlers.ui import keyboards
from handlers.ui.keyboards import DeskAction
from handlers.ui.texts import Html, Texts
from handlers.views.cards import asker
from models.tables.desk import Ticket, TicketState, TicketWords
from models.tables.jobs import DeliveryState
from models.tables.people import Account, Link
from workflow.accounts import registration
from workflow.desk import tickets
from workflow.reporting.deliveries import Outcome, begin_delivery, end_delivery


class Note(NamedTuple):
    text: Html
    keyboard: InlineKeyboardMarkup | None


async def call_staff(clinic: Clinic, ticket_id: int, words_id: int | None = None, again: str = "") -> None:
    """Tell everybody of the staff that somebody waits; a wish that was taken or given up meanwhile is no news."""
    async with clinic.sessions() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        said = await session.get(TicketWords, words_id) if words_id else None
        chats = await tickets.staff_chats(session)
    if said is None and ticket.state is not TicketState.OPEN:
        return
    for chat_id in chats:
        texts = await _texts(clinic, chat_id)
        facts = {"name": asker(ticket, texts), "time": texts.time(said.at if said else ticket.opened_at)}
        text = (
            texts("desk.alarm", words=await _shown(clinic, chat_id, said), **facts)
            if said
            else texts("desk.wanted", **facts)
        )
        actions = () if ticket.state is TicketState.CLOSED else (DeskAction.CLAIM,)
        note = Note(text, keyboards.on_ticket(texts, ticket_id, actions))
        await _send(clinic, f"ticket:{ticket_id}:{words_id or f'call{again}'}", chat_id, note)


async def carry_words(clinic: Clinic, words_id: int) -> None:
    """One message of a conversation to the other side."""
    async with clinic.sessions() as session:
        said = await session.get(TicketWords, words_id)
        if said is None:  # who wrote it was forgotten
            return
        ticket = await session.get_one(Ticket, said.ticket_id)
        author = await session.get(Account, said.staff_id) if said.staff_id else None
        chats = await (tickets.asker_chats(session, ticket) if author else tickets.chats_of(session, ticket.claimed_by))
    for chat_id in chats:
        texts = await _texts(clinic, chat_id, ticket)
        await _send(clinic, f"words:{words_id}", chat_id, _said(texts, ticket, said.text, author))


def _said(texts: Texts, ticket: Ticket, words: str, author: Account | None) -> Note:
    if author:
        return Note(texts("desk.says", name=author.name, words=words), keyboards.leave_desk(texts))
    actions = () if ticket.state is TicketState.CLOSED else (DeskAction.REPLY, DeskAction.CLOSE)
    return Note(
        texts("desk.says", name=asker(ticket, texts), words=words), keyboards.on_ticket(texts, ticket.id, actions)
    )


async def tell_turn(clinic: Clinic, ticket_id: int, turn: str) -> None:
    """Taken or closed: the one who asked hears it. Left: whoever had taken it does."""
    async with clinic.sessions() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        left = turn == "left"
        chats = await (tickets.chats_of(session, ticket.claimed_by) if left else tickets.asker_chats(session, ticket))
    name = ticket.claimer.name if ticket.claimer else ""
    for chat_id in chats:
        texts = await _texts(clinic, chat_id, ticket)
        person = asker(ticket, texts) if left else name
        keyboard = keyboards.leave_desk(texts) if turn == "claimed" else None
        key = f"ticket:{ticket_id}:{turn}:{ticket.claimed_by}"  # the next who takes it is news again
        await _send(clinic, key, chat_id, Note(texts(f"desk.{turn}", name=person), keyboard))


async def _shown(clinic: Clinic, chat_id: int, said: TicketWords) -> str:
    """A chat that was long unused may be in strange hands: it learns that somebody needs help, not what was said."""
    async with clinic.sessions() as session:
        actor = await registration.actor_for(session, chat_id, _now() - clinic.idle)
    return "…" if actor is None or actor.asleep else said.text


async def _texts(clinic: Clinic, chat_id: int, ticket: Ticket | None = None) -> Texts:
    """The language of whoever reads it; for a chat without account the one it spoke in."""
    async with clinic.sessions() as session:
        link = await session.get(Link, chat_id)
    spoken = ticket.language if ticket else None
    return clinic.catalogues.of(link.account.language if link else spoken)


async def _send(clinic: Clinic, key: str, chat_id: int, note: Note) -> None:
    one = f"{key}:{chat_id}"
    async with clinic.sessions.begin() as session:
        if await begin_delivery(session, one, _now()) is Outcome.OVER:
            return
    receipt, state = None, DeliveryState.SENT
    try:
        sent = await clinic.bot.send_message(chat_id, note.text, reply_markup=note.keyboard, protect_content=True)
        receipt = str(sent.message_id)
    except (TelegramForbiddenError, TelegramBadRequest):
        state = DeliveryState.FAILED
    async with clinic.sessions.begin() as session:
        await end_delivery(session, one, _now(), receipt, state)


def _now() -> datetime:
    return datetime.now(UTC)
