"""Messages about the conversations of the help desk."""

from html import escape

from handlers.ui.texts import Html, Texts
from handlers.views.paging import MESSAGE_LIMIT, telegram_length
from models.tables.desk import Ticket


def requester_name(ticket: Ticket, texts: Texts) -> str:
    """Name of the account; a chat without an account is called a guest."""
    return ticket.account.name if ticket.account else texts.plain("desk.guest")


def conversation(ticket: Ticket, texts: Texts) -> Html:
    """The conversation so far; the oldest lines are left out when it is longer than a message."""
    head = texts("desk.talk", name=requester_name(ticket, texts), ticket=ticket.id, time=texts.time(ticket.opened_at))
    lines = [f"{'➡️' if line.staff_id else '💬'} {escape(line.text, quote=False)}" for line in ticket.messages]
    while len(lines) > 1 and telegram_length("\n".join([head, *lines])) > MESSAGE_LIMIT:
        lines.pop(0)
    return Html("\n".join([head, "", *(lines or [texts("desk.silent")])]))
