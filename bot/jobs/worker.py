"""The embedded worker: runs due jobs, retries failed ones, ends unused claims, tells delays, cleans up once an hour."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from aiogram.exceptions import TelegramRetryAfter
from prometheus_client import Counter

from bot.jobs.cleanup import clean_up
from bot.jobs.registry import JOB_HANDLERS, on_failure
from bot.jobs.scans.delays import notify_delays
from bot.jobs.worklist import end_claims
from bot.services import Services
from models.base import read_only
from models.crypto.keys import Erased
from models.tables.jobs import Job
from workflow import jobs
from workflow.jobs import JobKind

logger = logging.getLogger(__name__)
IDLE_SECONDS: Final = 5.0  # between two polls of the table; a commit that enqueues a job wakes the worker at once
CLEANUP_INTERVAL: Final = 3600.0  # seconds
CLAIMS_INTERVAL: Final = 30.0  # seconds between two looks for claims that end
DELAYS_INTERVAL: Final = 60.0  # seconds between two looks for scans that take longer than promised


class Worker:
    """Runs up to `concurrency` jobs at the same time until `stop` is called, then finishes those in progress."""

    def __init__(self, services: Services, wake: asyncio.Event, outcomes: Counter, concurrency: int) -> None:
        self._services, self._wake, self._outcomes, self._concurrency = services, wake, outcomes, concurrency
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Release the leases of a killed process, then run jobs."""
        async with self._services.sessions.begin() as session:
            await jobs.recover(session)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._work())
            group.create_task(self._repeat(clean_up, CLEANUP_INTERVAL))
            group.create_task(self._repeat(end_claims, CLAIMS_INTERVAL))
            group.create_task(self._repeat(notify_delays, DELAYS_INTERVAL))

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    async def run_one(self) -> bool:
        """Run the oldest due job. False when none is due."""
        async with self._services.sessions.begin() as session:
            job = await jobs.claim(session, self._services.now())
        if job is None:
            return False
        try:
            await JOB_HANDLERS[JobKind(job.kind)](self._services, **job.payload)
        except Erased:  # the person was erased: nothing is left to do
            await self._finished(job)
        except Exception as error:  # noqa: BLE001 - a job survives any error
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
        """Log errors of the job table itself, such as a full disk, and pause instead of ending the process."""
        try:
            yield
        except Exception as error:
            logger.exception("the worker cannot go on", extra={"error": type(error).__name__, "seconds": IDLE_SECONDS})
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), IDLE_SECONDS)

    async def _sleep(self) -> None:
        """Wait until a job is enqueued or becomes due."""
        self._wake.clear()
        async with read_only(self._services.sessions) as session:
            due = await jobs.next_due(session)
        wait = max(0.05, (due - self._services.now()).total_seconds()) if due else IDLE_SECONDS
        if not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(IDLE_SECONDS, wait))

    async def _finished(self, job: Job) -> None:
        async with self._services.sessions.begin() as session:
            await jobs.finish(session, job.id, self._services.now())
        self._outcomes.labels(kind=job.kind, outcome="done").inc()
        if job.lock:
            self._wake.set()

    async def _failed(self, job: Job, error: Exception) -> None:
        logger.warning(
            "job failed",
            extra={"job_id": job.id, "kind": job.kind, "attempt": job.attempts, "error": type(error).__name__},
            exc_info=error,
        )
        now, delay = self._services.now(), None
        if isinstance(error, TelegramRetryAfter):
            delay = timedelta(seconds=error.retry_after)
        async with self._services.sessions.begin() as session:
            postponed = await jobs.postpone(session, job.id, type(error).__name__, now, delay)
            if not postponed:
                await on_failure(session, job, now)
        self._outcomes.labels(kind=job.kind, outcome="postponed" if postponed else "failed").inc()

    async def _repeat(self, task: Callable[[Services], Awaitable[None]], seconds: float) -> None:
        while not self._stopping.is_set():
            async with self._surviving():
                await task(self._services)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)
