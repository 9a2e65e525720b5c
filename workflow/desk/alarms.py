"""Alarms: emergencies that ring all staff; one chat rings once until it is taken, several at once ring as one list."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.desk import Ticket, TicketState
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.desk import tickets
from workflow.errors import TicketTaken
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize

FIRST_PAUSE: Final = timedelta(minutes=2)  # before the second alarm of a chat; doubled before each further one
MAX_PAUSE: Final = timedelta(hours=1)  # also before the next alarm of a chat that nobody has taken
COUNTED: Final = timedelta(days=1)  # alarms of a chat that lengthen its pause
FOLD: Final = timedelta(seconds=30)  # after an alarm further ones wait, and ring together
MUTE: Final = timedelta(days=1)


def pause_after(alarms: int) -> timedelta:
    """The least time between the last of so many alarms of one chat and its next one."""
    return min(FIRST_PAUSE * (1 << min(max(alarms - 1, 0), 10)), MAX_PAUSE)


async def report_emergency(
    session: AsyncSession, chat_id: int, actor: Actor | None, language: str, text: str, at: datetime
) -> None:
    """Record an emergency message and ring all staff, whatever the hour; see `_may_ring` for repeated ones.

    A message that does not ring is relayed to the member who claimed the ticket."""
    ticket = await tickets.open_ticket(session, chat_id, lock=True)
    ticket = ticket or await tickets.create(session, chat_id, actor, language, at)
    ticket.urgent = True
    message = await tickets.store_message(session, ticket, None, text, at)
    patient = actor.account_id if actor else None
    await record(session, actor, AuditEvent("emergency", "ticket", ticket.id, patient), at)
    if await _may_ring(session, ticket, at):
        rings_at = at + FOLD if await _rang_lately(session, ticket, at) else at
        ticket.alarmed_at, ticket.alarms, ticket.ring = at, ticket.alarms + 1, None
        lock = tickets.lock_of(ticket.id)
        enqueue(session, JobKind.CALL_STAFF, rings_at, lock=lock, ticket_id=ticket.id, words_id=message.id)
    elif ticket.state is TicketState.CLAIMED:
        tickets.relay(session, message, at)


async def take_ring(session: AsyncSession, ticket_id: int, words_id: int) -> Sequence[Ticket]:
    """The tickets that ring together with this message; none when another ring has taken its ticket.

    Idempotent: the first call fixes them, so that a repeated job rings for the same ones."""
    pending = or_(Ticket.id == ticket_id, and_(Ticket.alarms > 0, Ticket.alarmed_at.is_not(None)))
    unrung = select(Ticket).where(pending, Ticket.ring.is_(None)).order_by(Ticket.id).with_for_update(of=Ticket)
    waiting = (await session.scalars(unrung.execution_options(populate_existing=True))).all()
    if any(ticket.id == ticket_id for ticket in waiting):
        for ticket in waiting:
            ticket.ring = words_id
        await session.flush()
    return (await session.scalars(select(Ticket).where(Ticket.ring == words_id).order_by(Ticket.id))).all()


async def calls_of(session: AsyncSession, ticket: Ticket) -> Sequence[tuple[int, int, Sequence[int]]]:
    """Chat and message of every call that shows this ticket, and the other tickets that may still be taken from it."""
    together = [ticket]
    if ticket.ring is not None:
        together = list(await session.scalars(select(Ticket).where(Ticket.ring == ticket.ring).order_by(Ticket.id)))
    left = [one.id for one in together if one.state is TicketState.OPEN]
    calls = []
    for one in together:
        for chat_id, message_id, ring in await tickets.call_messages(session, one.id):
            shared = ring is not None and ring == ticket.ring
            if shared or one.id == ticket.id:
                calls.append((chat_id, message_id, left if shared else []))
    return calls


async def dismiss(session: AsyncSession, actor: Actor, ticket_id: int, at: datetime, *, mute: bool = False) -> None:
    """Close a ticket that is no emergency; `mute`: its chat rings nobody for a day.

    Raises NotFound, StaleAction, or TicketTaken when somebody else has claimed it."""
    authorize(actor, Permission.SERVE_DESK)
    ticket = await tickets.lock_ticket(session, ticket_id)
    if ticket.claimed_by not in {None, actor.account_id}:
        raise TicketTaken(name=ticket.claimer.name if ticket.claimer else "")
    ticket.claimed_by, ticket.claimed_at = actor.account_id, ticket.claimed_at or at
    if mute:
        ticket.muted_until = at + MUTE
        await record(session, actor, AuditEvent("mute", "ticket", ticket.id, ticket.account_id), at)
    else:
        await record(session, actor, AuditEvent("no_emergency", "ticket", ticket.id, ticket.account_id), at)
    await tickets.end(session, ticket, actor, at)
    tickets.notify_change(session, ticket, "dismissed", at)


async def open_scan(session: AsyncSession, account_id: int | None) -> Scan | None:
    """The patient's newest scan whose report is not ready."""
    finished = (ScanStatus.REPORT_READY, ScanStatus.REJECTED)
    own = select(Scan).where(Scan.patient_id == account_id, Scan.status.not_in(finished))
    scan: Scan | None = await session.scalar(own.order_by(Scan.id.desc()).limit(1))
    return scan


async def _may_ring(session: AsyncSession, ticket: Ticket, at: datetime) -> bool:
    """Whether a message rings: the first of its chat, and further ones after a pause that grows with each alarm.

    A ticket that nobody has taken rings again after MAX_PAUSE only; a muted chat rings nobody. Alarms of the chat's
    earlier tickets count, so that ending a conversation buys no new alarm."""
    own = await session.execute(
        select(Ticket.alarmed_at, Ticket.alarms, Ticket.muted_until).where(
            Ticket.chat_id == ticket.chat_id, or_(Ticket.alarmed_at > at - COUNTED, Ticket.muted_until > at)
        )
    )
    rows = own.tuples().all()
    if any(muted is not None and muted > at for _, _, muted in rows):
        return False
    last = max((alarmed for alarmed, _, _ in rows if alarmed is not None), default=None)
    if last is None:
        return True
    untaken = ticket.alarms > 0 and ticket.state is TicketState.OPEN
    return at - last >= (MAX_PAUSE if untaken else pause_after(sum(alarms for _, alarms, _ in rows)))


async def _rang_lately(session: AsyncSession, ticket: Ticket, at: datetime) -> bool:
    others = select(func.count()).where(Ticket.id != ticket.id, Ticket.alarmed_at > at - FOLD)
    return bool(await session.scalar(others))
