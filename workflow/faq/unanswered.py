"""Questions that the FAQ could not answer: stored without names, grouped by wording, for a limited time."""

import hmac
from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from faq.deidentify import deidentify
from faq.words import normalise
from models.tables.faq import MissedQuestion, SuggestedTopic
from workflow.actors import Actor
from workflow.audit.chain import AUDIT_CONTEXT, AuditEvent, record
from workflow.errors import StaleAction
from workflow.permissions import Permission, authorize
from workflow.text_thread import read_text

MAX_ROWS: Final = 1000  # rows; the rarest and oldest are deleted first
RETENTION: Final = timedelta(days=90)  # after a question was asked last
SUGGESTION_LIFETIME: Final = timedelta(days=1)  # how long choosing an offered topic takes the count back


class UnansweredQuestion(NamedTuple):
    """`names` are the person's own names; `token` identifies the offered topics."""

    text: str
    language: str
    names: Sequence[str]
    token: str = ""


async def record_question(
    session: AsyncSession,
    question: UnansweredQuestion,
    kept: Container[str],
    at: datetime,
) -> None:
    """Count an unanswered question, of which only the kept words are stored, and none of the person's own names.

    Nothing is stored when too little text remains. With a token, `mark_answered` can take the count back."""
    text = await read_text(question.text, lambda: deidentify(question.text, question.names, kept))
    if text is None:
        return
    miss = await _count_question(session, text, question.language, at)
    if question.token:
        session.add(SuggestedTopic(token=question.token, miss_id=miss.id, at=at))
    await delete_old(session, at)
    rarest = (
        select(MissedQuestion.id)
        .order_by(MissedQuestion.times.desc(), MissedQuestion.last_at.desc(), MissedQuestion.id.desc())
        .offset(MAX_ROWS)
    )
    if (await session.scalar(select(func.count()).select_from(MissedQuestion)) or 0) > MAX_ROWS:
        await session.execute(delete(MissedQuestion).where(MissedQuestion.id.in_(list(await session.scalars(rarest)))))


async def delete_old(session: AsyncSession, at: datetime) -> None:
    """Delete expired offers and questions."""
    await session.execute(delete(SuggestedTopic).where(SuggestedTopic.at < at - SUGGESTION_LIFETIME))
    await session.execute(delete(MissedQuestion).where(MissedQuestion.last_at < at - RETENTION))


async def forget_unknown_words(session: AsyncSession, kept: Container[str]) -> None:
    """De-identify the stored questions again, after an upgrade. Idempotent."""
    for miss in (await session.scalars(select(MissedQuestion))).all():
        text = deidentify(miss.text, (), kept)
        if text is None:
            await session.delete(miss)
        elif text != miss.text:
            miss.text = text


async def mark_answered(session: AsyncSession, token: str) -> None:
    """Take the count back after an offered topic was chosen. Unknown and used tokens change nothing."""
    offer = await session.get(SuggestedTopic, token, with_for_update=True)
    miss = await session.get(MissedQuestion, offer.miss_id, with_for_update=True) if offer else None
    if offer is None or miss is None:
        return
    await session.delete(offer)
    await session.flush()
    miss.times -= 1
    if not miss.times:
        await session.delete(miss)


async def is_counted(session: AsyncSession, token: str) -> bool:
    """Whether the question with this token was counted, and no offered topic took the count back."""
    return bool(token) and await session.get(SuggestedTopic, token) is not None


async def most_frequent(
    session: AsyncSession, actor: Actor, skip: int, limit: int
) -> tuple[Sequence[MissedQuestion], int]:
    """A page of questions, most frequent first, and their total number."""
    authorize(actor, Permission.TEACH_FAQ)
    page = (
        select(MissedQuestion)
        .order_by(MissedQuestion.times.desc(), MissedQuestion.last_at.desc(), MissedQuestion.id)
        .offset(skip)
        .limit(limit)
    )
    total = await session.scalar(select(func.count()).select_from(MissedQuestion)) or 0
    return (await session.scalars(page)).all(), total


async def get_question(session: AsyncSession, actor: Actor, miss_id: int) -> MissedQuestion:
    """Raises StaleAction when it was taught, dismissed or deleted."""
    authorize(actor, Permission.TEACH_FAQ)
    miss = await session.get(MissedQuestion, miss_id)
    if miss is None:
        raise StaleAction
    return miss


async def dismiss(session: AsyncSession, actor: Actor, miss_id: int, at: datetime) -> None:
    """Delete a question. Raises StaleAction when it is gone."""
    await session.delete(await get_question(session, actor, miss_id))
    await record(session, actor, AuditEvent("faq:dismiss", "faq_miss", miss_id), at)


async def _count_question(session: AsyncSession, text: str, language: str, at: datetime) -> MissedQuestion:
    """When two transactions count a new question at once, the second adds to the first."""
    key: bytes = session.info[AUDIT_CONTEXT].key
    mark = hmac.new(key, f"faq miss {language} {normalise(text)}".encode(), "sha256").hexdigest()
    same = select(MissedQuestion).where(MissedQuestion.mark == mark).with_for_update()
    miss: MissedQuestion | None = await session.scalar(same)
    if miss is None:
        try:
            async with session.begin_nested():
                miss = MissedQuestion(mark=mark, language=language, text=text, times=0, last_at=at)
                session.add(miss)
        except IntegrityError:
            miss = (await session.scalars(same)).one()
    miss.times, miss.last_at = miss.times + 1, at
    await session.flush()
    return miss
