"""Pending jobs of a clinic, read and made due from outside: no test waits for a real back-off."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select, update

from models.base import Sessions
from models.tables.jobs import Job
from tests.support.people import Clinic
from workflow.jobs import HAS_JOBS


async def settles(clinic: Clinic, within: float = 40) -> None:
    """Make every waiting job due again and again until none is pending."""
    async with asyncio.timeout(within):
        while await open_jobs(clinic.app.services.sessions):
            await comes_due(clinic)
            await asyncio.sleep(0.1)


async def comes_due(clinic: Clinic) -> None:
    """Make failed jobs due now; the commit notifies the worker as any other does."""
    async with clinic.app.services.sessions.begin() as session:
        waiting = update(Job).where(Job.ended_at.is_(None), Job.leased_until.is_(None), Job.run_at > datetime.now(UTC))
        await session.execute(waiting.values(run_at=datetime.now(UTC)))
        session.info[HAS_JOBS] = True


async def forgets_that_it_was_done(clinic: Clinic, *kinds: str) -> None:
    """As after a kill between the effect's commit and the job's: the job is pending again."""
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(Job).where(Job.kind.in_(kinds)).values(ended_at=None, leased_until=None))
        session.info[HAS_JOBS] = True


async def waits(clinic: Clinic, kind: str, attempts: int = 1, within: float = 30) -> Job:
    """Wait until a job of this kind has failed so often and is scheduled for its next try."""
    async with asyncio.timeout(within):
        while True:
            for job in await open_jobs(clinic.app.services.sessions):
                if job.kind == kind and job.error and job.attempts >= attempts and job.leased_until is None:
                    return job
            await asyncio.sleep(0.05)


async def open_jobs(sessions: Sessions) -> Sequence[Job]:
    async with sessions() as session:
        return (await session.scalars(select(Job).where(Job.ended_at.is_(None)).order_by(Job.id))).all()


async def count(clinic: Clinic, table: type) -> int:
    async with clinic.app.services.sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0
