"""Messages about the conversations of the help desk."""

from datetime import date
from html import escape

from handlers.ui.texts import Html, Texts
from handlers.views.paging import MESSAGE_LIMIT, telegram_length
from models.tables.desk import Ticket
from models.tables.scans import Scan
from workflow.scans.children import age_on


def requester_name(ticket: Ticket, texts: Texts) -> str:
    """Name of the account; a chat without an account is called a guest."""
    return ticket.account.name if ticket.account else texts.plain("desk.guest")


def alarm_block(ticket: Ticket, scan: Scan | None, texts: Texts, today: date, *, hidden: bool) -> Html:
    """The newest words of an emergency under its author's name, telephone, age, language and open scan.

    `hidden`: the name alone, for a chat that anybody may be reading."""
    name = requester_name(ticket, texts)
    head = texts("desk.alarm_from", ticket=ticket.id, name=name, time=texts.time(ticket.alarmed_at or ticket.opened_at))
    if hidden:
        return Html(f"{head}\n…")
    words = [message.text for message in ticket.messages if message.staff_id is None]
    return Html("\n".join([head, _facts(ticket, scan, texts, today), escape(words[-1] if words else "…", quote=False)]))


def _facts(ticket: Ticket, scan: Scan | None, texts: Texts, today: date) -> Html:
    account = ticket.account
    phone = account.phone if account else None
    born = account.date_of_birth if account else None
    facts = [
        texts("desk.phone", phone=phone) if phone else texts("desk.no_phone"),
        texts("desk.age", age=age_on(today, born)) if born else None,
        texts(f"language.{ticket.language}"),
        texts("desk.scan", scan=scan.id) if scan else None,
    ]
    return Html(" · ".join(fact for fact in facts if fact))


def conversation(ticket: Ticket, texts: Texts) -> Html:
    """The conversation so far; the oldest lines are left out when it is longer than a message."""
    head = texts("desk.talk", name=requester_name(ticket, texts), ticket=ticket.id, time=texts.time(ticket.opened_at))
    lines = [f"{'➡️' if line.staff_id else '💬'} {escape(line.text, quote=False)}" for line in ticket.messages]
    while len(lines) > 1 and telegram_length("\n".join([head, *lines])) > MESSAGE_LIMIT:
        lines.pop(0)
    return Html("\n".join([head, "", *(lines or [texts("desk.silent")])]))
