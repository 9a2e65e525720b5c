"""What a clinic still owes, seen and hurried from outside: no test sleeps through a back-off."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select, update

from models.base import Sessions
from models.tables.jobs import Job
from tests.support.people import House
from workflow.jobs import OWES


async def settles(house: House, within: float = 40) -> None:
    """Bring every waiting job forward again and again until nothing is owed."""
    async with asyncio.timeout(within):
        while await open_jobs(house.app.clinic.sessions):
            await comes_due(house)
            await asyncio.sleep(0.1)


async def comes_due(house: House) -> None:
    """The time that failed jobs wait for is now; the commit wakes the worker as any other does."""
    async with house.app.clinic.sessions.begin() as session:
        waiting = update(Job).where(Job.ended_at.is_(None), Job.leased_until.is_(None), Job.run_at > datetime.now(UTC))
        await session.execute(waiting.values(run_at=datetime.now(UTC)))
        session.info[OWES] = True


async def forgets_that_it_was_done(house: House, *kinds: str) -> None:
    """As a kill leaves it that came after the deed was recorded and before the job was: the job is owed again."""
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(update(Job).where(Job.kind.in_(kinds)).values(ended_at=None, leased_until=None))
        session.info[OWES] = True


async def waits(house: House, kind: str, attempts: int = 1, within: float = 30) -> Job:
    """Until a job of this kind has failed so often and waits for its next try."""
    async with asyncio.timeout(within):
        while True:
            for job in await open_jobs(house.app.clinic.sessions):
                if job.kind == kind and job.error and job.attempts >= attempts and job.leased_until is None:
                    return job
            await asyncio.sleep(0.05)


async def open_jobs(sessions: Sessions) -> Sequence[Job]:
    async with sessions() as session:
        return (await session.scalars(select(Job).where(Job.ended_at.is_(None)).order_by(Job.id))).all()


async def count(house: House, table: type) -> int:
    async with house.app.clinic.sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0
