"""Edited messages of a conversation with the staff, and the form that the conversation paused."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.plain_words import one_line
from models.tables.chats import Form
from models.tables.desk import TicketMessage, TicketState
from workflow.desk import tickets


async def edit_message(session: AsyncSession, chat_id: int, message_id: int, text: str, at: datetime) -> bool:
    """Replace a message that staff have not read; one that was relayed is followed by its new text, marked.

    Returns False where the conversation is over."""
    ticket = await tickets.open_ticket(session, chat_id, lock=True)
    message = await session.get(TicketMessage, message_id)
    if ticket is None or message is None or message.ticket_id != ticket.id:
        return False
    if ticket.state is TicketState.CLAIMED:
        tickets.relay(session, await tickets.store_message(session, ticket, None, f"✏️ {text}", at), at)
    else:
        message.text = one_line(text)
    return True


async def has_open_form(session: AsyncSession, chat_id: int) -> bool:
    """Whether the chat has an unfinished form, which the conversation paused."""
    forms = select(Form.key).where(Form.key.contains(f":{chat_id}:"), Form.state.is_not(None)).limit(1)
    return await session.scalar(forms) is not None
