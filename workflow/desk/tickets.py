"""Tickets: a conversation that a chat opens, one member of staff claims, and either of them closes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.plain_words import one_line
from models.tables.accounts import Account, ChatLink
from models.tables.deliveries import Delivery
from models.tables.desk import Ticket, TicketMessage, TicketState
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.desk.hours import DeskHours
from workflow.errors import NotFound, StaleAction, TicketTaken
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Permission, authorize
from workflow.scans import queries


async def open_ticket(session: AsyncSession, chat_id: int, *, lock: bool = False) -> Ticket | None:
    """The open ticket of this chat; None when there is none. `lock`: locked for writing until this transaction ends."""
    tickets = select(Ticket).where(Ticket.chat_id == chat_id, Ticket.closed_at.is_(None))
    if lock:
        tickets = tickets.with_for_update(of=Ticket).execution_options(populate_existing=True)
    ticket: Ticket | None = await session.scalar(tickets)
    return ticket


def accepts_messages(ticket: Ticket) -> bool:
    """Whether typed messages go to the ticket. Until an emergency is claimed, the FAQ answers as well."""
    return not ticket.urgent or ticket.state is TicketState.CLAIMED


async def request_staff(
    session: AsyncSession, chat_id: int, actor: Actor | None, language: str, hours: DeskHours, at: datetime
) -> datetime:
    """Open a ticket, if none is open, and alert staff on duty by the hours in force. Returns the time of the alert."""
    authorize(actor, Permission.CALL_DESK)
    alert_at = hours.next_open(at)
    if await open_ticket(session, chat_id) is None:
        ticket = await create(session, chat_id, actor, language, at)
        enqueue(session, JobKind.CALL_STAFF, alert_at, lock=lock_of(ticket.id), ticket_id=ticket.id)
    return alert_at


async def message_staff(session: AsyncSession, chat_id: int, text: str, at: datetime) -> int:
    """Store a message of the chat; relay it when the ticket is claimed. Raises StaleAction without an open ticket.

    Returns the id of the message."""
    ticket = await open_ticket(session, chat_id, lock=True)
    if ticket is None:
        raise StaleAction
    message = await store_message(session, ticket, None, text, at)
    if ticket.state is TicketState.CLAIMED:
        relay(session, message, at)
    return message.id


async def claim(session: AsyncSession, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """Claim a ticket; idempotent for the same account. Raises NotFound, StaleAction or TicketTaken with the name."""
    authorize(actor, Permission.SERVE_DESK)
    ticket = await lock_ticket(session, ticket_id)
    if ticket.claimed_by not in {None, actor.account_id}:
        raise TicketTaken(name=ticket.claimer.name if ticket.claimer else "")
    if ticket.state is TicketState.OPEN:
        ticket.claimed_by, ticket.claimed_at, ticket.state = actor.account_id, at, TicketState.CLAIMED
        await record(session, actor, AuditEvent("claim", "ticket", ticket.id, ticket.account_id), at)
        notify_change(session, ticket, "claimed", at)
        _withdraw_call(session, ticket, at)
    return ticket


async def reply(session: AsyncSession, actor: Actor, ticket_id: int, text: str, at: datetime) -> Ticket:
    """Store and relay an answer of staff. Raises NotFound, StaleAction or TicketTaken."""
    ticket = await _lock_own_ticket(session, actor, ticket_id)
    relay(session, await store_message(session, ticket, actor.account_id, text, at), at)
    await record(session, actor, AuditEvent("reply", "ticket", ticket.id, ticket.account_id), at)
    return ticket


async def close(session: AsyncSession, actor: Actor, ticket_id: int, at: datetime) -> None:
    """Close a claimed ticket. Raises NotFound, StaleAction or TicketTaken."""
    ticket = await _lock_own_ticket(session, actor, ticket_id)
    await end(session, ticket, actor, at)
    notify_change(session, ticket, "closed", at)


async def withdraw(session: AsyncSession, chat_id: int, actor: Actor | None, at: datetime) -> None:
    """Close the ticket of a chat that needs no answer any more. Raises StaleAction without an open ticket."""
    ticket = await open_ticket(session, chat_id, lock=True)
    if ticket is None:
        raise StaleAction
    await end(session, ticket, actor, at)
    if ticket.claimed_by is not None:
        notify_withdrawn(session, ticket, at)


async def end_on_sign_out(session: AsyncSession, link: ChatLink, at: datetime) -> None:
    """Close the chat's ticket, and release the account's claimed tickets when it has no other chat.

    The next person at this chat may be another one. An alert on its way is still delivered with its text."""
    if await open_ticket(session, link.chat_id) is not None:
        await withdraw(session, link.chat_id, actor_of(link.account, link.role), at)
    if not await queries.chats_of_account(session, link.account_id):
        await release_tickets(session, link.account_id, at)


async def release_tickets(session: AsyncSession, account_id: int, at: datetime) -> None:
    """Reopen the tickets that an account claimed, and alert staff again."""
    claimed = select(Ticket).where(Ticket.claimed_by == account_id, Ticket.closed_at.is_(None))
    for ticket in await session.scalars(claimed):
        ticket.claimed_by, ticket.claimed_at, ticket.state = None, None, TicketState.OPEN
        enqueue(session, JobKind.CALL_STAFF, at, lock=lock_of(ticket.id), ticket_id=ticket.id, again=at.isoformat())


async def open_tickets(session: AsyncSession, actor: Actor) -> Sequence[Ticket]:
    """All tickets that are not closed: emergencies first, then unclaimed ones, then oldest first."""
    authorize(actor, Permission.SERVE_DESK)
    tickets = select(Ticket).where(Ticket.closed_at.is_(None))
    order = (Ticket.urgent.desc(), Ticket.claimed_by.is_not(None), Ticket.id)
    return (await session.scalars(tickets.order_by(*order))).all()


async def newest_scans(session: AsyncSession, tickets: Sequence[Ticket]) -> Mapping[int, int]:
    """The number of the newest scan of each requester who has one, by account."""
    accounts = {ticket.account_id for ticket in tickets} - {None}
    newest = select(Scan.patient_id, func.max(Scan.id)).where(Scan.patient_id.in_(accounts)).group_by(Scan.patient_id)
    return dict((await session.execute(newest)).tuples().all())


async def call_messages(session: AsyncSession, ticket_id: int) -> Sequence[tuple[int, int, int | None]]:
    """Chat and message of every call to the staff under this ticket that was delivered, and the ring of an alarm."""
    prefix = f"ticket:{ticket_id}:"
    sent = select(Delivery.key, Delivery.receipt).where(
        Delivery.key.startswith(prefix, autoescape=True), Delivery.receipt.is_not(None)
    )
    found = []
    for key, receipt in (await session.execute(sent)).tuples():
        about, _, chat_id = key.removeprefix(prefix).rpartition(":")
        if about.isdecimal() or about.startswith("call"):  # other notices about the ticket bear no button to claim it
            found.append((int(chat_id), int(receipt or 0), int(about) if about.isdecimal() else None))
    return found


async def requester_chats(session: AsyncSession, ticket: Ticket) -> Sequence[int]:
    """The chat that gets the answer; none when it was signed out or its account erased."""
    if ticket.account_id is None:
        return [ticket.chat_id] if ticket.chat_id else []
    link = await session.get(ChatLink, ticket.chat_id)
    return [ticket.chat_id] if link is not None and link.account_id == ticket.account_id else []


async def staff_chats(session: AsyncSession) -> Sequence[int]:
    """Chats of all active staff."""
    linked = select(ChatLink.chat_id).join(Account).where(queries.has_role(*STAFF), Account.suspended_at.is_(None))
    return (await session.scalars(linked.order_by(ChatLink.chat_id))).all()


async def chats_of_staff_member(session: AsyncSession, account_id: int | None) -> Sequence[int]:
    """Chats of one active member of staff."""
    linked = select(ChatLink.chat_id).join(Account).where(Account.id == account_id, Account.role != Role.PATIENT)
    return (await session.scalars(linked.where(Account.suspended_at.is_(None)))).all()


async def create(session: AsyncSession, chat_id: int, actor: Actor | None, language: str, at: datetime) -> Ticket:
    """Open a ticket, which alerts nobody."""
    account_id = actor.account_id if actor else None
    ticket = Ticket(chat_id=chat_id, account_id=account_id, language=language, state=TicketState.OPEN, opened_at=at)
    session.add(ticket)
    await session.flush()
    return ticket


async def store_message(
    session: AsyncSession, ticket: Ticket, staff_id: int | None, text: str, at: datetime
) -> TicketMessage:
    """Store a message of the requester, in one line, or of staff with `staff_id`."""
    words = one_line(text) if staff_id is None else text
    message = TicketMessage(ticket_id=ticket.id, staff_id=staff_id, text=words, at=at)
    session.add(message)
    await session.flush()
    return message


async def lock_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    """The open ticket, locked for writing. Raises NotFound, or StaleAction when it is closed."""
    ticket = await session.get(Ticket, ticket_id, with_for_update={"of": Ticket}, populate_existing=True)
    if ticket is None:
        raise NotFound
    if ticket.state is TicketState.CLOSED:
        raise StaleAction
    return ticket


async def _lock_own_ticket(session: AsyncSession, actor: Actor, ticket_id: int) -> Ticket:
    """The ticket, locked for writing, if the actor has claimed it. Raises NotFound, StaleAction or TicketTaken."""
    authorize(actor, Permission.SERVE_DESK)
    ticket = await lock_ticket(session, ticket_id)
    if ticket.claimed_by != actor.account_id:
        raise TicketTaken(name=ticket.claimer.name) if ticket.claimer else StaleAction
    return ticket


async def end(session: AsyncSession, ticket: Ticket, actor: Actor | None, at: datetime) -> None:
    """Close a ticket that the caller has locked."""
    ticket.state, ticket.closed_at = TicketState.CLOSED, at
    _withdraw_call(session, ticket, at)
    await record(session, actor, AuditEvent("close", "ticket", ticket.id, ticket.account_id), at)


def lock_of(ticket_id: int) -> str:
    """The lock of a ticket's jobs: a call is sent and recorded before its button is withdrawn."""
    return f"ticket:{ticket_id}"


def relay(session: AsyncSession, message: TicketMessage, at: datetime) -> None:
    """Enqueue the message for the other side of the conversation."""
    enqueue(session, JobKind.RELAY_MESSAGE, at, lock=lock_of(message.ticket_id), words_id=message.id)


def _withdraw_call(session: AsyncSession, ticket: Ticket, at: datetime) -> None:
    enqueue(session, JobKind.WITHDRAW_CALL, at, lock=lock_of(ticket.id), ticket_id=ticket.id)


def notify_withdrawn(session: AsyncSession, ticket: Ticket, at: datetime) -> None:
    """Enqueue the notice to the claiming member that no answer is needed any more."""
    notify_change(session, ticket, "left", at)


def notify_change(session: AsyncSession, ticket: Ticket, event: str, at: datetime) -> None:
    """Enqueue the notice of a change; for the events see `bot.jobs.desk.notify_ticket_change`."""
    enqueue(session, JobKind.NOTIFY_TICKET, at, lock=lock_of(ticket.id), ticket_id=ticket.id, turn=event)
