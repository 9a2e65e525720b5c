"""Possible emergencies: the question whether it is bad right now, and what its answer does."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.plain_words import one_line
from models.tables.desk import UrgencyQuestion
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.desk import alarms, tickets
from workflow.errors import NotFound, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize
from workflow.scans.intake import mark_urgent

ANSWER_WITHIN: Final = timedelta(minutes=2)  # no answer within it counts as "bad right now"


class Words(NamedTuple):
    """Words of an emergency from a chat; `certain` ones ask nothing."""

    chat_id: int
    language: str
    text: str
    certain: bool


async def hear(session: AsyncSession, actor: Actor | None, words: Words, at: datetime) -> int | None:
    """Report certain words to the staff; for words that may mean either return the id of the question to ask.

    Asks nothing beside an open emergency; further words of either kind join the question that is open already, and
    words of an open conversation reach it."""
    question = await _open_question(session, words.chat_id)
    ticket = await tickets.open_ticket(session, words.chat_id)
    if words.certain or (ticket is not None and ticket.urgent):
        if question is not None:
            question.answered_at, question.bad_now = at, True
        await alarms.report_emergency(session, words.chat_id, actor, words.language, words.text, at)
        return None
    if ticket is not None:
        await tickets.message_staff(session, words.chat_id, words.text, at)
    if question is None:
        return await _ask(session, actor, words, at)
    if words.text not in question.text:
        question.text = f"{question.text}\n{words.text}"
    return question.id


async def answer(
    session: AsyncSession, chat_id: int, actor: Actor | None, question_id: int, bad_now: bool, at: datetime
) -> int | None:
    """Record the answer: Yes reports the emergency, No marks the patient's open scan as urgent and returns its id.

    After the time for an answer the staff know already; No still marks the scan. Raises NotFound for the question of
    another chat, StaleAction for an answered one."""
    authorize(actor, Permission.CALL_DESK)
    question = await _lock(session, question_id)
    if question is None or question.chat_id != chat_id:
        raise NotFound
    if question.bad_now is not None:
        raise StaleAction
    reported = question.answered_at is not None
    question.bad_now, question.answered_at = bad_now, question.answered_at or at
    if bad_now and not reported:
        await alarms.report_emergency(session, chat_id, actor, question.language, question.text, at)
    if bad_now:
        return None
    event = AuditEvent("not_now", "urgency_question", question.id, question.account_id)
    await record(session, actor, event, at)
    scan = await alarms.open_scan(session, question.account_id)
    if scan is not None:
        await mark_urgent(session, actor, question, scan, at)
    return question.scan_id


async def report_unanswered(session: AsyncSession, question_id: int, at: datetime) -> UrgencyQuestion | None:
    """Report a question that got no answer as an emergency, once; returns the question without an answer, else None."""
    question = await _lock(session, question_id)
    if question is None or question.bad_now is not None:
        return None
    if question.answered_at is None:
        question.answered_at = at
        actor = Actor(question.account_id, Role.PATIENT) if question.account_id else None
        await alarms.report_emergency(session, question.chat_id, actor, question.language, question.text, at)
    return question


async def _ask(session: AsyncSession, actor: Actor | None, words: Words, at: datetime) -> int:
    question = UrgencyQuestion(
        chat_id=words.chat_id,
        account_id=actor.account_id if actor else None,
        language=words.language,
        text=one_line(words.text),
        asked_at=at,
    )
    session.add(question)
    await session.flush()
    enqueue(session, JobKind.REPORT_UNANSWERED, at + ANSWER_WITHIN, question_id=question.id)
    await record(session, actor, AuditEvent("ask_urgency", "urgency_question", question.id, question.account_id), at)
    return question.id


async def _open_question(session: AsyncSession, chat_id: int) -> UrgencyQuestion | None:
    """The question of this chat that waits for its answer, locked for writing."""
    waiting = select(UrgencyQuestion).where(UrgencyQuestion.chat_id == chat_id, UrgencyQuestion.answered_at.is_(None))
    question: UrgencyQuestion | None = await session.scalar(waiting.with_for_update(of=UrgencyQuestion))
    return question


async def _lock(session: AsyncSession, question_id: int) -> UrgencyQuestion | None:
    return await session.get(UrgencyQuestion, question_id, with_for_update=True, populate_existing=True)
