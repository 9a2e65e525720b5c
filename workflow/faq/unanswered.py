"""Questions that the FAQ did not know: kept without names, alike ones together, for a while."""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from faq.deidentify import nameless, unknown_words
from faq.words import normalise
from models.tables.misses import Miss, Offer
from models.tables.people import Account
from workflow.actors import Actor
from workflow.audit.chain import TRAIL, Entry, note
from workflow.errors import StaleAction
from workflow.permissions import Verb, allow

MOST: Final = 1000  # rows; the rarest and oldest go first
KEPT: Final = timedelta(days=90)  # after it was asked last
OFFERED: Final = timedelta(days=1)  # that long a press says that an offered topic was the right one


class Asked(NamedTuple):
    """`names` are the asker's own; `token` stands on the topics that were offered."""

    words: str
    language: str
    names: Sequence[str]
    token: str = ""


async def keep(
    session: AsyncSession,
    asked: Asked,
    is_known: Callable[[str], bool],
    at: datetime,
) -> None:
    """One more time this was asked in vain; with a token until somebody presses an offered topic."""
    alike = await _namesakes(session, unknown_words(asked.words, is_known))
    text = nameless(asked.words, [*asked.names, *alike], is_known)
    if text is None:
        return
    miss = await _counted(session, text, asked.language, at)
    if asked.token:
        session.add(Offer(token=asked.token, miss_id=miss.id, at=at))
    await forget_old(session, at)
    rarest = select(Miss.id).order_by(Miss.times.desc(), Miss.last_at.desc(), Miss.id.desc()).offset(MOST)
    if (await session.scalar(select(func.count()).select_from(Miss)) or 0) > MOST:
        await session.execute(delete(Miss).where(Miss.id.in_(list(await session.scalars(rarest)))))


async def forget_old(session: AsyncSession, at: datetime) -> None:
    """What nobody has asked for long goes by itself."""
    await session.execute(delete(Offer).where(Offer.at < at - OFFERED))
    await session.execute(delete(Miss).where(Miss.last_at < at - KEPT))


async def answered(session: AsyncSession, token: str) -> None:
    """An offered topic was pressed: it was no miss. What was pressed before, or is nobody's, changes nothing."""
    offer = await session.get(Offer, token, with_for_update=True)
    miss = await session.get(Miss, offer.miss_id, with_for_update=True) if offer else None
    if offer is None or miss is None:
        return
    await session.delete(offer)
    await session.flush()
    miss.times -= 1
    if not miss.times:
        await session.delete(miss)


async def frequent(session: AsyncSession, actor: Actor, skip: int, most: int) -> tuple[Sequence[Miss], int]:
    """A page of them, the most frequent first, and how many there are."""
    allow(actor, Verb.TEACH_FAQ)
    page = select(Miss).order_by(Miss.times.desc(), Miss.last_at.desc(), Miss.id).offset(skip).limit(most)
    total = await session.scalar(select(func.count()).select_from(Miss)) or 0
    return (await session.scalars(page)).all(), total


async def one(session: AsyncSession, actor: Actor, miss_id: int) -> Miss:
    """Raises StaleAction for one that was taught, dismissed or forgotten meanwhile."""
    allow(actor, Verb.TEACH_FAQ)
    miss = await session.get(Miss, miss_id)
    if miss is None:
        raise StaleAction
    return miss


async def dismiss(session: AsyncSession, actor: Actor, miss_id: int, at: datetime) -> None:
    await session.delete(await one(session, actor, miss_id))
    await note(session, actor, Entry("faq:dismiss", "faq_miss", miss_id), at)


async def _counted(session: AsyncSession, text: str, language: str, at: datetime) -> Miss:
    """Of two who ask the same for the first time at the same moment the second counts on."""
    key: bytes = session.info[TRAIL].key
    mark = hmac.new(key, f"faq miss {language} {normalise(text)}".encode(), "sha256").hexdigest()
    alike = select(Miss).where(Miss.mark == mark).with_for_update()
    miss: Miss | None = await session.scalar(alike)
    if miss is None:
        try:
            async with session.begin_nested():
                miss = Miss(mark=mark, language=language, text=text, times=0, last_at=at)
                session.add(miss)
        except IntegrityError:
            miss = (await session.scalars(alike)).one()
    miss.times, miss.last_at = miss.times + 1, at
    await session.flush()
    return miss


async def _namesakes(session: AsyncSession, words: Sequence[str]) -> Sequence[str]:
    """Names of people of this house that one of these words may be."""
    if not words:
        return ()
    alike = or_(*(Account.name.icontains(word, autoescape=True) for word in words))
    return (await session.scalars(select(Account.name).where(alike))).all()
