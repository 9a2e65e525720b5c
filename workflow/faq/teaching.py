"""FAQ content added by administrators: phrases of existing topics, and topics of their own."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from faq.answer import LearnedPhrase
from faq.entries import Entry
from models.tables.faq import TaughtEntry, TaughtPhrase
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import StaleAction
from workflow.faq import unanswered
from workflow.permissions import Permission, authorize, require_proof

TOPIC_PREFIX: Final = "own-"  # prefix of added topics
MAX_TITLE: Final = 40
MAX_ANSWER: Final = 3000
MAX_PHRASE: Final = 200
Revision = tuple[int, datetime | None, int, datetime | None]
REVISION: Final = select(  # runs with every update
    *(
        select(fact).select_from(table).scalar_subquery()
        for table in (TaughtPhrase, TaughtEntry)
        for fact in (func.count(), func.max(table.at))
    )
)


class Draft(NamedTuple):
    """A new topic in one language."""

    language: str
    title: str
    answer: str
    phrases: tuple[str, ...] = ()


class TaughtContent(NamedTuple):
    """Phrases and entries that are added to those of the files."""

    phrases: Sequence[LearnedPhrase] = ()
    entries: Sequence[Entry] = ()


def new_topic() -> str:
    """A new topic id."""
    return TOPIC_PREFIX + token_hex(4)


def content_of_drafts(topic: str, drafts: Sequence[Draft]) -> TaughtContent:
    """The content that these drafts would add."""
    entries = [taught_entry(topic, draft.language, draft.title, draft.answer) for draft in drafts]
    return TaughtContent(
        [LearnedPhrase(topic, draft.language, phrase) for draft in drafts for phrase in draft.phrases], entries
    )


def taught_entry(topic: str, language: str, title: str, answer: str) -> Entry:
    """An FAQ entry of an added topic."""
    return Entry(topic, language, title, category="taught", phrases=(), related=(), text=answer)


async def revision(session: AsyncSession) -> Revision:
    """A value that changes with every change of the added content, by whichever process."""
    row = (await session.execute(REVISION)).one()
    return row[0], row[1], row[2], row[3]


async def load_taught(session: AsyncSession) -> TaughtContent:
    """All added content."""
    phrases = await session.scalars(select(TaughtPhrase).order_by(TaughtPhrase.id))
    entries = await session.scalars(select(TaughtEntry).order_by(TaughtEntry.at, TaughtEntry.topic))
    return TaughtContent(
        [LearnedPhrase(one.topic, one.language, one.phrase) for one in phrases],
        [taught_entry(one.topic, one.language, one.title, one.answer) for one in entries],
    )


async def teach_phrase(session: AsyncSession, actor: Actor, miss_id: int, topic: str, at: datetime) -> None:
    """Assign an unanswered question to a topic. Raises ProofMissing, or StaleAction when it is gone."""
    require_proof(actor, Permission.TEACH_FAQ, at)
    miss = await unanswered.get_question(session, actor, miss_id)
    phrase = TaughtPhrase(topic=topic, language=miss.language, phrase=miss.text[:MAX_PHRASE], at=at)
    session.add(phrase)
    await session.delete(miss)
    await session.flush()
    await record(session, actor, AuditEvent("faq:teach", "faq_phrase", phrase.id, reason=topic), at)


async def teach_topic(session: AsyncSession, actor: Actor, miss_id: int, drafts: Sequence[Draft], at: datetime) -> str:
    """Add a topic for an unanswered question; returns its id. Raises ProofMissing, or StaleAction when it is gone."""
    require_proof(actor, Permission.TEACH_FAQ, at)
    miss, topic = await unanswered.get_question(session, actor, miss_id), new_topic()
    for draft in drafts:
        session.add(TaughtEntry(topic=topic, language=draft.language, title=draft.title, answer=draft.answer, at=at))
        for phrase in draft.phrases:
            session.add(TaughtPhrase(topic=topic, language=draft.language, phrase=phrase, at=at))
    await session.delete(miss)
    await record(session, actor, AuditEvent("faq:teach", "faq_topic", topic), at)
    return topic


async def taught_phrases(session: AsyncSession, actor: Actor) -> Sequence[TaughtPhrase]:
    """Added phrases, newest first."""
    authorize(actor, Permission.TEACH_FAQ)
    return (await session.scalars(select(TaughtPhrase).order_by(TaughtPhrase.id.desc()))).all()


async def taught_entries(session: AsyncSession, actor: Actor, topic: str | None = None) -> Sequence[TaughtEntry]:
    """Answers of added topics, newest first."""
    authorize(actor, Permission.TEACH_FAQ)
    taught = select(TaughtEntry).order_by(TaughtEntry.at.desc(), TaughtEntry.topic, TaughtEntry.language)
    return (await session.scalars(taught.where(TaughtEntry.topic == topic) if topic else taught)).all()


async def delete_phrase(session: AsyncSession, actor: Actor, phrase_id: int, at: datetime) -> None:
    """Raises ProofMissing, or StaleAction when it is deleted already."""
    require_proof(actor, Permission.TEACH_FAQ, at)
    topic = await session.scalar(delete(TaughtPhrase).where(TaughtPhrase.id == phrase_id).returning(TaughtPhrase.topic))
    if topic is None:
        raise StaleAction
    await record(session, actor, AuditEvent("faq:forget", "faq_phrase", phrase_id, reason=topic), at)


async def delete_topic(session: AsyncSession, actor: Actor, topic: str, at: datetime) -> None:
    """Delete an added topic with all languages and phrases. Raises ProofMissing, or StaleAction when it is gone."""
    require_proof(actor, Permission.TEACH_FAQ, at)
    entries = delete(TaughtEntry).where(TaughtEntry.topic == topic).returning(TaughtEntry.language)
    deleted = await session.scalars(entries)
    if not deleted.all():
        raise StaleAction
    await session.execute(delete(TaughtPhrase).where(TaughtPhrase.topic == topic))
    await record(session, actor, AuditEvent("faq:forget", "faq_topic", topic), at)
