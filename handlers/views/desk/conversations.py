"""Messages about the conversations of the help desk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from handlers.ui.callbacks import DeskAction, OnTicket
from handlers.ui.callbacks.desk import ShowDesk
from handlers.ui.keyboards import Buttons
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.paging import MESSAGE_LIMIT, PAGE_SIZE, page_keyboard, telegram_length
from models.tables.desk import Ticket
from models.tables.scans import Scan
from workflow.reporting.release import patient_number
from workflow.scans.children import age_on


def requester_name(ticket: Ticket, texts: Texts) -> str:
    """Name of the account; a chat without an account is called a guest."""
    return ticket.account.name if ticket.account else texts.plain("desk.guest")


def alarm_block(ticket: Ticket, scan: Scan | None, texts: Texts, at: datetime, *, hidden: bool) -> Html:
    """The newest words of an emergency under its author's name and facts.

    `hidden`: the name alone, for a chat that anybody may be reading."""
    name = requester_name(ticket, texts)
    head = texts("desk.alarm_from", ticket=ticket.id, name=name, time=texts.time(ticket.alarmed_at or ticket.opened_at))
    if hidden:
        return Html(f"{head}\n…")
    words = [message.text for message in ticket.messages if message.staff_id is None]
    facts = requester_line(ticket, {scan.patient_id: scan.id} if scan else {}, texts, at)
    return Html("\n".join([head, facts, escape(words[-1] if words else "…", quote=False)]))


def requester_line(ticket: Ticket, scans: Mapping[int, int], texts: Texts, at: datetime) -> Html:
    """Patient number, telephone, age, language and scan of the requester, where they are known."""
    account = ticket.account
    born, scan = (account.date_of_birth, scans.get(account.id)) if account else (None, None)
    facts = [
        patient_number(account.id) if account else texts.plain("desk.no_account"),
        texts.plain("desk.phone", phone=account.phone) if account and account.phone else texts.plain("desk.no_phone"),
        texts.plain("desk.age", age=age_on(at.date(), born)) if born else None,
        texts.plain(f"language.{ticket.language}"),
        texts.plain("desk.scan", scan=scan) if scan else None,
    ]
    return texts("desk.person", facts=" · ".join(fact for fact in facts if fact))


def desk_view(tickets: Sequence[Ticket], scans: Mapping[int, int], page: int, texts: Texts, at: datetime) -> View:
    """One page of the open conversations, with the totals and a button for each that the reader may take or go on."""
    last = max(0, (len(tickets) - 1) // PAGE_SIZE)
    page = min(page, last)
    urgent = sum(ticket.urgent for ticket in tickets)
    waiting = sum(ticket.claimed_by is None for ticket in tickets)
    lines = [texts("desk.head"), texts("desk.totals", total=len(tickets), urgent=urgent, waiting=waiting)]
    buttons: Buttons = []
    for ticket in tickets[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]:
        key, name = "desk.line_urgent" if ticket.urgent else "desk.line", requester_name(ticket, texts)
        line = texts(key, ticket=ticket.id, name=name, time=texts.time(ticket.opened_at))
        if ticket.claimer:
            line = Html(f"{line}\n{texts('desk.taken', name=ticket.claimer.name)}")
        lines.append(Html(f"{line}\n{requester_line(ticket, scans, texts, at)}"))
        buttons.append((f"#{ticket.id}", OnTicket(action=DeskAction.CLAIM, ticket_id=ticket.id)))
    return View(Html("\n\n".join(lines)), page_keyboard(buttons, page, len(tickets), ShowDesk))


def conversation(ticket: Ticket, texts: Texts) -> Html:
    """The conversation so far; the oldest lines are left out when it is longer than a message."""
    head = texts("desk.talk", name=requester_name(ticket, texts), ticket=ticket.id, time=texts.time(ticket.opened_at))
    lines = [f"{'➡️' if line.staff_id else '💬'} {escape(line.text, quote=False)}" for line in ticket.messages]
    while len(lines) > 1 and telegram_length("\n".join([head, *lines])) > MESSAGE_LIMIT:
        lines.pop(0)
    return Html("\n".join([head, "", *(lines or [texts("desk.silent")])]))
