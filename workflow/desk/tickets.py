"""The desk: somebody asks for a person, one of the staff on duty takes it, both write, one of them ends it."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple, Self

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.desk import Ticket, TicketState, TicketWords
from models.tables.people import Account, Link, Role
from workflow.actors import Actor, actor_of
from workflow.audit.chain import Entry, note
from workflow.errors import NotFound, StaleAction, TicketTaken
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Verb, allow
from workflow.scans import queries

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT: Final = time.max  # as "24:00": the end of the day
RINGS_AGAIN: Final = timedelta(minutes=2)  # between two alarms of one conversation
LONGEST: Final = 3000  # characters of one message that are passed on


class DeskHours(NamedTuple):
    """When somebody is on duty. An emergency waits for no hour."""

    opens: time
    closes: time
    days: frozenset[int]
    zone: tzinfo

    @classmethod
    def read(cls, hours: str, days: str, zone: tzinfo) -> Self:
        """From "08:00-20:00" and "mon tue wed". Raises ValueError."""
        opens, closes = (
            MIDNIGHT if part == "24:00" else time.fromisoformat(part) for part in hours.replace(" ", "").split("-")
        )
        open_days = frozenset(WEEK.index(day) for day in days.lower().replace(",", " ").split())
        if opens >= closes or not open_days:
            raise ValueError("a desk opens before it closes, on one day at least")
        return cls(opens, closes, open_days, zone)

    def next_open(self, at: datetime) -> datetime:
        """`at` itself while the desk is open, else the moment at which it opens."""
        here = at.astimezone(self.zone)
        if here.weekday() in self.days and self.opens <= here.time() < self.closes:
            return at
        for ahead in range(8):
            day = here.date() + timedelta(days=ahead)
            opening = datetime.combine(day, self.opens, self.zone)
            if day.weekday() in self.days and opening > here:
                return opening.astimezone(at.tzinfo)
        raise AssertionError("no day is open")


async def open_ticket(session: AsyncSession, chat_id: int, *, lock: bool = False) -> Ticket | None:
    """The conversation of this chat that is not over; with a lock, whoever ends it meanwhile is waited for."""
    mine = select(Ticket).where(Ticket.chat_id == chat_id, Ticket.closed_at.is_(None))
    if lock:
        mine = mine.with_for_update(of=Ticket).execution_options(populate_existing=True)
    ticket: Ticket | None = await session.scalar(mine)
    return ticket


def is_talking(ticket: Ticket) -> bool:
    """Whether typed words belong to it. A cry that nobody has taken yet leaves the FAQ answering meanwhile."""
    return not ticket.urgent or ticket.state is TicketState.CLAIMED


async def call(
    session: AsyncSession, chat_id: int, actor: Actor | None, language: str, hours: DeskHours, at: datetime
) -> datetime:
    """Owe the staff on duty the news that somebody wants a person. Gives the moment at which they hear of it."""
    allow(actor, Verb.CALL_DESK)
    told_at = hours.next_open(at)
    if await open_ticket(session, chat_id) is None:
        ticket = await _open(session, chat_id, actor, language, at)
        enqueue(session, JobKind.CALL_STAFF, told_at, ticket_id=ticket.id)
    return told_at


async def cry(
    session: AsyncSession, chat_id: int, actor: Actor | None, language: str, words: str, at: datetime
) -> None:
    """Record words of an emergency and owe every member of the staff the alarm, whatever the hour.

    Who cries again and again rings once in `RINGS_AGAIN`; meanwhile the words reach whoever has taken it."""
    ticket = await open_ticket(session, chat_id, lock=True) or await _open(session, chat_id, actor, language, at)
    ticket.urgent = True
    said = await _keep(session, ticket, None, words, at)
    patient = actor.account_id if actor else None
    await note(session, actor, Entry("emergency", "ticket", ticket.id, patient), at)
    if ticket.alarmed_at is None or ticket.alarmed_at <= at - RINGS_AGAIN:
        ticket.alarmed_at = at
        enqueue(session, JobKind.CALL_STAFF, at, ticket_id=ticket.id, words_id=said.id)
    elif ticket.state is TicketState.CLAIMED:
        _pass_on(session, said, at)


async def to_desk(session: AsyncSession, chat_id: int, words: str, at: datetime) -> None:
    """The one who asks writes; whoever has taken it reads it, or reads it when taking it. Raises StaleAction."""
    ticket = await open_ticket(session, chat_id, lock=True)
    if ticket is None:
        raise StaleAction
    said = await _keep(session, ticket, None, words, at)
    if ticket.state is TicketState.CLAIMED:
        _pass_on(session, said, at)


async def claim(session: AsyncSession, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """The first press has it; the second hears who."""
    allow(actor, Verb.SERVE_DESK)
    ticket = await _locked(session, ticket_id)
    if ticket.claimed_by not in {None, actor.account_id}:
        raise TicketTaken(name=ticket.claimer.name if ticket.claimer else "")
    if ticket.state is TicketState.OPEN:
        ticket.claimed_by, ticket.claimed_at, ticket.state = actor.account_id, at, TicketState.CLAIMED
        await note(session, actor, Entry("claim", "ticket", ticket.id, ticket.account_id), at)
        _turn(session, ticket, "claimed", at)
    return ticket


async def reply(session: AsyncSession, actor: Actor, ticket_id: int, words: str, at: datetime) -> Ticket:
    ticket = await _claimed(session, actor, ticket_id)
    _pass_on(session, await _keep(session, ticket, actor.account_id, words, at), at)
    await note(session, actor, Entry("reply", "ticket", ticket.id, ticket.account_id), at)
    return ticket


async def close(session: AsyncSession, actor: Actor, ticket_id: int, at: datetime) -> None:
    ticket = await _claimed(session, actor, ticket_id)
    await _end(session, ticket, actor, at)
    _turn(session, ticket, "closed", at)


async def leave(session: AsyncSession, chat_id: int, actor: Actor | None, at: datetime) -> None:
    """The one who asked needs nobody any more."""
    ticket = await open_ticket(session, chat_id, lock=True)
    if ticket is None:
        raise StaleAction
    await _end(session, ticket, actor, at)
    if ticket.claimed_by is not None:
        tell_left(session, ticket, at)


async def signed_out(session: AsyncSession, link: Link, at: datetime) -> None:
    """Whoever sits at this chat next is somebody else: what was asked there ends, and what was held by somebody who
    listens nowhere any more is open again. An alarm on its way still arrives, with its words."""
    if await open_ticket(session, link.chat_id) is not None:
        await leave(session, link.chat_id, actor_of(link.account, link.role), at)
    if not await queries.chats_of_account(session, link.account_id):
        await give_back(session, link.account_id, at)


async def give_back(session: AsyncSession, account_id: int, at: datetime) -> None:
    """Who may serve no longer holds no conversation: each is open again, and the others are called anew."""
    held = select(Ticket).where(Ticket.claimed_by == account_id, Ticket.closed_at.is_(None))
    for ticket in await session.scalars(held):
        ticket.claimed_by, ticket.claimed_at, ticket.state = None, None, TicketState.OPEN
        enqueue(session, JobKind.CALL_STAFF, at, ticket_id=ticket.id, again=at.isoformat())


async def waiting(session: AsyncSession, actor: Actor) -> Sequence[Ticket]:
    """Conversations that nobody has taken, and the asker's own; emergencies first, then the oldest."""
    allow(actor, Verb.SERVE_DESK)
    mine = or_(Ticket.claimed_by.is_(None), Ticket.claimed_by == actor.account_id)
    tickets = select(Ticket).where(Ticket.closed_at.is_(None), mine)
    return (await session.scalars(tickets.order_by(Ticket.urgent.desc(), Ticket.id).limit(10))).all()


async def asker_chats(session: AsyncSession, ticket: Ticket) -> Sequence[int]:
    """Where whoever asked is answered: nowhere once the chat was signed out, or its owner forgotten."""
    if ticket.account_id is None:
        return [ticket.chat_id] if ticket.chat_id else []
    link = await session.get(Link, ticket.chat_id)
    return [ticket.chat_id] if link is not None and link.account_id == ticket.account_id else []


async def staff_chats(session: AsyncSession) -> Sequence[int]:
    linked = select(Link.chat_id).join(Account).where(queries.holds(*STAFF), Account.suspended_at.is_(None))
    return (await session.scalars(linked.order_by(Link.chat_id))).all()


async def chats_of(session: AsyncSession, account_id: int | None) -> Sequence[int]:
    """Where one member of the staff listens."""
    linked = select(Link.chat_id).join(Account).where(Account.id == account_id, Account.role != Role.PATIENT)
    return (await session.scalars(linked.where(Account.suspended_at.is_(None)))).all()


async def _open(session: AsyncSession, chat_id: int, actor: Actor | None, language: str, at: datetime) -> Ticket:
    account_id = actor.account_id if actor else None
    ticket = Ticket(chat_id=chat_id, account_id=account_id, language=language, state=TicketState.OPEN, opened_at=at)
    session.add(ticket)
    await session.flush()
    return ticket


async def _keep(session: AsyncSession, ticket: Ticket, staff_id: int | None, words: str, at: datetime) -> TicketWords:
    said = TicketWords(ticket_id=ticket.id, staff_id=staff_id, text=words[:LONGEST], at=at)
    session.add(said)
    await session.flush()
    return said


async def _locked(session: AsyncSession, ticket_id: int) -> Ticket:
    """Raises NotFound, or StaleAction for one that is over."""
    ticket = await session.get(Ticket, ticket_id, with_for_update={"of": Ticket}, populate_existing=True)
    if ticket is None:
        raise NotFound
    if ticket.state is TicketState.CLOSED:
        raise StaleAction
    return ticket


async def _claimed(session: AsyncSession, actor: Actor, ticket_id: int) -> Ticket:
    """Only who has taken it may write in it or close it."""
    allow(actor, Verb.SERVE_DESK)
    ticket = await _locked(session, ticket_id)
    if ticket.claimed_by != actor.account_id:
        raise TicketTaken(name=ticket.claimer.name) if ticket.claimer else StaleAction
    return ticket


async def _end(session: AsyncSession, ticket: Ticket, actor: Actor | None, at: datetime) -> None:
    ticket.state, ticket.closed_at = TicketState.CLOSED, at
    await note(session, actor, Entry("close", "ticket", ticket.id, ticket.account_id), at)


def _pass_on(session: AsyncSession, said: TicketWords, at: datetime) -> None:
    enqueue(session, JobKind.CARRY_WORDS, at, lock=f"ticket:{said.ticket_id}", words_id=said.id)


def tell_left(session: AsyncSession, ticket: Ticket, at: datetime) -> None:
    """Whoever had taken it hears that no answer is needed any more."""
    _turn(session, ticket, "left", at)


def _turn(session: AsyncSession, ticket: Ticket, turn: str, at: datetime) -> None:
    enqueue(session, JobKind.TELL_TURN, at, lock=f"ticket:{ticket.id}", ticket_id=ticket.id, turn=turn)
