"""Voice notes of patients, kept with a complaint or in a conversation with the staff, and played by the staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import VoiceNote
from models.tables.desk import Ticket, TicketMessage, TicketState
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.desk import tickets
from workflow.errors import NotFound, StaleAction, WorkflowError
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize
from workflow.scans.queries import scan_for

MOST: Final = 10  # of a scan, or of a patient's conversations on one day
DAY: Final = 86_400  # seconds


class TooManyVoiceNotes(WorkflowError):
    key = "error.too_many_voice_notes"


class Recording(NamedTuple):
    """A voice note in the vault; `seconds` long."""

    file: str
    seconds: int

    @property
    def label(self) -> str:
        return f"🎤 {self.seconds // 60}:{self.seconds % 60:02}"


async def check_room(session: AsyncSession, actor: Actor, at: datetime, scan_id: int | None = None) -> None:
    """Raise TooManyVoiceNotes where the scan, or the patient's conversations of this day, have `MOST` already."""
    if scan_id is not None:
        where: ColumnElement[bool] = VoiceNote.scan_id == scan_id
    else:
        today = datetime.fromtimestamp(at.timestamp() // DAY * DAY, at.tzinfo)
        where = (VoiceNote.patient_id == actor.account_id) & VoiceNote.words_id.is_not(None) & (VoiceNote.at >= today)
    if (await session.scalar(select(func.count()).select_from(VoiceNote).where(where)) or 0) >= MOST:
        raise TooManyVoiceNotes(most=MOST)


async def add_to_scan(session: AsyncSession, actor: Actor, scan_id: int, spoken: Recording, at: datetime) -> None:
    """Keep the voice note with the complaint of this scan. Raises NotFound."""
    scan = await scan_for(session, scan_id, actor, Permission.DESCRIBE)
    session.add(VoiceNote(patient_id=scan.patient_id, scan_id=scan.id, **spoken._asdict(), at=at))
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan.id)
    await session.flush()
    await record(session, actor, AuditEvent("describe:voice", "scan", scan.id, scan.patient_id, scan.version), at)


async def add_to_conversation(
    session: AsyncSession, actor: Actor, chat_id: int, spoken: Recording, at: datetime
) -> None:
    """Keep the voice note in the chat's open conversation; it is relayed as words are. Raises StaleAction."""
    authorize(actor, Permission.CALL_DESK)
    words_id = await tickets.message_staff(session, chat_id, spoken.label, at)
    session.add(VoiceNote(patient_id=actor.account_id, words_id=words_id, **spoken._asdict(), at=at))


async def of_conversations(session: AsyncSession, patient_id: int) -> Sequence[VoiceNote]:
    """The voice notes of a patient's conversations with the staff, oldest first."""
    spoken = select(VoiceNote).where(VoiceNote.patient_id == patient_id, VoiceNote.words_id.is_not(None))
    return (await session.scalars(spoken.order_by(VoiceNote.id))).all()


async def open_note(session: AsyncSession, actor: Actor, note_id: int, at: datetime) -> VoiceNote:
    """The voice note of a conversation that the actor has claimed; the listening is recorded.

    Raises NotFound, or StaleAction where the conversation is closed or another's."""
    authorize(actor, Permission.SERVE_DESK)
    note = await session.get(VoiceNote, note_id)
    words = await session.get(TicketMessage, note.words_id) if note is not None and note.words_id else None
    if note is None or words is None:
        raise NotFound
    ticket = await session.get_one(Ticket, words.ticket_id)
    if ticket.state is TicketState.CLOSED or ticket.claimed_by != actor.account_id:
        raise StaleAction
    await record(session, actor, AuditEvent("look:voice", "ticket", ticket.id, ticket.account_id), at)
    return note
