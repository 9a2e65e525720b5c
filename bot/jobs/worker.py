"""The embedded runner: takes due jobs from the table, runs them, and tries failed ones again later."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from aiogram.exceptions import TelegramRetryAfter
from prometheus_client import Counter

from bot.jobs.data_requests import forget_due
from bot.jobs.registry import WORKS, on_failure
from bot.observability.audit_anchor import anchor
from bot.services import Clinic
from models.base import looking
from models.crypto.keys import Erased
from models.tables.jobs import Job
from workflow import jobs
from workflow.faq import unanswered
from workflow.jobs import JobKind
from workflow.scans import queries
from workflow.unit_of_work import forget_old_updates

logger = logging.getLogger(__name__)
IDLE: Final = 5.0  # seconds; a commit that owes something wakes the worker at once
SWEEP: Final = timedelta(hours=1)


class Worker:
    """Runs jobs until it is stopped; what runs then is finished first."""

    def __init__(self, clinic: Clinic, wake: asyncio.Event, done: Counter, hands: int) -> None:
        self._clinic, self._wake, self._done, self._hands = clinic, wake, done, hands
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Take up what a killed process left, then work."""
        async with self._clinic.sessions.begin() as session:
            await jobs.recover(session)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._hands):
                group.create_task(self._work())
            group.create_task(self._tidy())

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    async def run_one(self) -> bool:
        """Run the oldest due job. False when nothing is due."""
        async with self._clinic.sessions.begin() as session:
            job = await jobs.claim(session, _now())
        if job is None:
            return False
        try:
            await WORKS[JobKind(job.kind)](self._clinic, **job.payload)
        except Erased:  # its person was forgotten: nothing is owed to anybody any more
            await self._finished(job)
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must not be lost
            await self._failed(job, error)
        else:
            await self._finished(job)
        return True

    async def _work(self) -> None:
        while not self._stopping.is_set():
            async with self._surviving():
                if not await self.run_one():
                    await self._sleep()

    @asynccontextmanager
    async def _surviving(self) -> AsyncIterator[None]:
        """A job table that cannot be written for a while, on a full disk above all, does not end the bot."""
        try:
            yield
        except Exception as error:
            logger.exception("the worker cannot go on", extra={"error": type(error).__name__, "seconds": IDLE})
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), IDLE)

    async def _sleep(self) -> None:
        """Until something is owed or a job that waits becomes due."""
        self._wake.clear()
        async with looking(self._clinic.sessions) as session:
            due = await jobs.next_due(session)
        pause = min(IDLE, max(0.05, (due - _now()).total_seconds())) if due else IDLE
        if not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def _finished(self, job: Job) -> None:
        async with self._clinic.sessions.begin() as session:
            await jobs.finish(session, job.id, _now())
        self._done.labels(kind=job.kind, outcome="done").inc()
        if job.lock:
            self._wake.set()

    async def _failed(self, job: Job, error: Exception) -> None:
        logger.warning(
            "job failed",
            extra={"job_id": job.id, "kind": job.kind, "attempt": job.attempts, "error": type(error).__name__},
            exc_info=error,
        )
        wait = timedelta(seconds=error.retry_after) if isinstance(error, TelegramRetryAfter) else None
        async with self._clinic.sessions.begin() as session:
            waits = await jobs.postpone(session, job.id, type(error).__name__, _now(), wait)
            if not waits:
                await on_failure(session, job)
        self._done.labels(kind=job.kind, outcome="postponed" if waits else "failed").inc()

    async def _tidy(self) -> None:
        while not self._stopping.is_set():
            async with self._surviving():
                async with self._clinic.sessions.begin() as session:
                    await forget_old_updates(session, _now())
                    await unanswered.forget_old(session, _now())
                await forget_due(self._clinic)
                await self._drop_orphans()
                await anchor(self._clinic.sessions, self._clinic.anchors, _now())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SWEEP.total_seconds())

    async def _drop_orphans(self) -> None:
        """A kill between writing a file and the row that speaks of it leaves a file that nobody will ever ask for."""
        vault = self._clinic.vault
        old = await asyncio.to_thread(vault.names, _now() - SWEEP)
        async with looking(self._clinic.sessions) as session:
            orphans = old - await queries.kept_files(session)
        for name in orphans:
            await asyncio.to_thread(vault.drop, name)


def _now() -> datetime:
    return datetime.now(UTC)
