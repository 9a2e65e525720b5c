"""What administrators teach the FAQ: phrases of a topic and topics of their own, layered over the files."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from faq.answer import Learned
from faq.entries import Entry as Page
from models.tables.misses import TaughtEntry, TaughtPhrase
from workflow.actors import Actor
from workflow.audit.chain import Entry, note
from workflow.errors import StaleAction
from workflow.faq import unanswered
from workflow.permissions import Verb, allow

OWN: Final = "own-"  # before the name of an administrator's topic
LONGEST_TITLE: Final = 40
LONGEST_ANSWER: Final = 3000
LONGEST_PHRASE: Final = 200
Revision = tuple[int, datetime | None, int, datetime | None]
REVISION: Final = select(  # asked with every update, so it is put together once
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


class Lessons(NamedTuple):
    phrases: Sequence[Learned] = ()
    entries: Sequence[Page] = ()


def new_topic() -> str:
    return OWN + token_hex(4)


def lessons_of(topic: str, drafts: Sequence[Draft]) -> Lessons:
    """What these drafts would teach."""
    entries = [page(topic, draft.language, draft.title, draft.answer) for draft in drafts]
    return Lessons([Learned(topic, draft.language, phrase) for draft in drafts for phrase in draft.phrases], entries)


def page(topic: str, language: str, title: str, answer: str) -> Page:
    return Page(topic, language, title, category="taught", phrases=(), related=(), text=answer)


async def revision(session: AsyncSession) -> Revision:
    """Another one whenever something was taught or taken back, by whichever process."""
    row = (await session.execute(REVISION)).one()
    return row[0], row[1], row[2], row[3]


async def lessons(session: AsyncSession) -> Lessons:
    phrases = await session.scalars(select(TaughtPhrase).order_by(TaughtPhrase.id))
    entries = await session.scalars(select(TaughtEntry).order_by(TaughtEntry.at, TaughtEntry.topic))
    return Lessons(
        [Learned(one.topic, one.language, one.phrase) for one in phrases],
        [page(one.topic, one.language, one.title, one.answer) for one in entries],
    )


async def teach_phrase(session: AsyncSession, actor: Actor, miss_id: int, topic: str, at: datetime) -> None:
    """The question belongs to this topic from now on, and is no miss any more."""
    miss = await unanswered.one(session, actor, miss_id)
    phrase = TaughtPhrase(topic=topic, language=miss.language, phrase=miss.text[:LONGEST_PHRASE], at=at)
    session.add(phrase)
    await session.delete(miss)
    await session.flush()
    await note(session, actor, Entry("faq:teach", "faq_phrase", phrase.id, reason=topic), at)


async def teach_topic(session: AsyncSession, actor: Actor, miss_id: int, drafts: Sequence[Draft], at: datetime) -> str:
    """A topic of its own with an answer in each of these languages."""
    miss, topic = await unanswered.one(session, actor, miss_id), new_topic()
    for draft in drafts:
        session.add(TaughtEntry(topic=topic, language=draft.language, title=draft.title, answer=draft.answer, at=at))
        for phrase in draft.phrases:
            session.add(TaughtPhrase(topic=topic, language=draft.language, phrase=phrase, at=at))
    await session.delete(miss)
    await note(session, actor, Entry("faq:teach", "faq_topic", topic), at)
    return topic


async def phrases(session: AsyncSession, actor: Actor) -> Sequence[TaughtPhrase]:
    """Taught phrases, the newest first."""
    allow(actor, Verb.TEACH_FAQ)
    return (await session.scalars(select(TaughtPhrase).order_by(TaughtPhrase.id.desc()))).all()


async def entries(session: AsyncSession, actor: Actor, topic: str | None = None) -> Sequence[TaughtEntry]:
    """Answers of topics that administrators added, the newest first."""
    allow(actor, Verb.TEACH_FAQ)
    found = select(TaughtEntry).order_by(TaughtEntry.at.desc(), TaughtEntry.topic, TaughtEntry.language)
    return (await session.scalars(found.where(TaughtEntry.topic == topic) if topic else found)).all()


async def forget_phrase(session: AsyncSession, actor: Actor, phrase_id: int, at: datetime) -> None:
    """Raises StaleAction for one that is forgotten already."""
    allow(actor, Verb.TEACH_FAQ)
    topic = await session.scalar(delete(TaughtPhrase).where(TaughtPhrase.id == phrase_id).returning(TaughtPhrase.topic))
    if topic is None:
        raise StaleAction
    await note(session, actor, Entry("faq:forget", "faq_phrase", phrase_id, reason=topic), at)


async def forget_topic(session: AsyncSession, actor: Actor, topic: str, at: datetime) -> None:
    """An added topic with all its languages and phrases. Raises StaleAction for one that is forgotten already."""
    allow(actor, Verb.TEACH_FAQ)
    gone = await session.scalars(delete(TaughtEntry).where(TaughtEntry.topic == topic).returning(TaughtEntry.language))
    if not gone.all():
        raise StaleAction
    await session.execute(delete(TaughtPhrase).where(TaughtPhrase.topic == topic))
    await note(session, actor, Entry("faq:forget", "faq_topic", topic), at)
