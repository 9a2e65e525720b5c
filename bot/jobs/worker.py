"""The embedded worker: runs due jobs, retries failed ones, ends unused claims, tells delays, cleans up once an hour."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final, NamedTuple

from aiogram.exceptions import TelegramRetryAfter
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from bot.jobs.cleanup import anchor_head, clean_up
from bot.jobs.registry import JOB_HANDLERS, on_failure
from bot.jobs.scans.delays import notify_delays
from bot.jobs.worklist import end_claims
from bot.process_role import RoleHolder
from bot.services import Services
from models.base import is_transient, read_only
from models.crypto.keys import Erased
from models.side_connection import Listener
from models.tables.jobs import Job
from workflow import jobs
from workflow.jobs import LEASE, JobKind
from workflow.request_id import REQUEST_ID

logger = logging.getLogger(__name__)
IDLE_SECONDS: Final = 5.0  # between two polls of the table; a commit that enqueues a job wakes the worker at once
DEAF_IDLE_SECONDS: Final = 0.5  # where commits of other processes are not heard
END_ATTEMPTS: Final = 8  # at writing that a job failed
OUTAGE_PAUSE: Final = 1.0  # seconds after a lost database connection
CLEANUP_INTERVAL: Final = 3600.0  # seconds
CLAIMS_INTERVAL: Final = 30.0  # seconds between two looks for claims that end
RENEWAL_INTERVAL: Final = LEASE.total_seconds() / 3
DELAYS_INTERVAL: Final = 60.0  # seconds between two looks for scans that take longer than promised
ROUNDS: Final = ((clean_up, CLEANUP_INTERVAL), (end_claims, CLAIMS_INTERVAL), (notify_delays, DELAYS_INTERVAL))


class WorkPlan(NamedTuple):
    """Which kinds of jobs, how many at once, and what hears of the jobs that other processes enqueue.

    The process that holds `rounds` cleans up, ends claims and tells delays."""

    concurrency: int
    kinds: Collection[JobKind]
    rounds: RoleHolder
    listener: Listener | None  # None where one process does everything

    @property
    def idle_seconds(self) -> float:
        """Seconds between two polls of the table."""
        return DEAF_IDLE_SECONDS if self.listener and not self.listener.is_listening else IDLE_SECONDS


class Worker:
    """Runs up to `concurrency` jobs at the same time until `stop` is called, then finishes those in progress."""

    def __init__(
        self,
        services: Services,
        wake: asyncio.Event,
        outcomes: Counter,
        plan: WorkPlan,
        card_delay: Callable[[int], float],
    ) -> None:
        """`card_delay`: seconds until a card may be sent to a chat within Telegram's limits."""
        self._services, self._wake, self._outcomes, self._plan = services, wake, outcomes, plan
        self._card_delay = card_delay
        self._running: dict[int, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._done: list[Job] = []  # run, and not yet marked as done in the table

    async def run(self) -> None:
        """Release the leases of a killed process, then run jobs."""
        async with self._surviving():
            await self._plan.rounds.beat()
        async with self._services.sessions.begin() as session:
            await jobs.recover(session)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._plan.listener.keep()) if self._plan.listener else None
            group.create_task(self._repeat(self._renew, RENEWAL_INTERVAL))
            for task, seconds in ROUNDS:
                group.create_task(self._repeat(self._in_turn(task), seconds))
            await self._dispatch()
            if listening:
                listening.cancel()
        if self._plan.rounds.is_held:
            async with self._surviving():
                await anchor_head(self._services)

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    async def run_one(self) -> bool:
        """Run the oldest due job. False when none is due."""
        claimed = await self._exchange(1)
        for job in claimed:
            await self._run(job)
        await self._exchange(0)
        return bool(claimed)

    async def _dispatch(self) -> None:
        """Lease jobs for all free places at once and start them."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping.is_set():
                async with self._surviving():
                    self._wake.clear()
                    free = self._plan.concurrency - len(self._running)
                    claimed = await self._exchange(free)
                    for job in claimed:
                        self._running[job.id] = group.create_task(self._run(job))
                    if not claimed:
                        await self._sleep(free)
        async with self._surviving():
            await self._exchange(0)

    async def _exchange(self, most: int) -> list[Job]:
        """Mark finished jobs as done and lease up to `most` due ones, in one transaction.

        When it fails, the ends are kept and written with the next one."""
        done = [*self._done]
        async with self._services.sessions.begin() as session:
            if done:
                await jobs.finish(session, [job.id for job in done], self._services.now())
            claimed = await self._claim(session, most) if most else []
        del self._done[: len(done)]
        for job in done:
            self._outcomes.labels(kind=job.kind, outcome="done").inc()
        return claimed

    async def _claim(self, session: AsyncSession, most: int) -> list[Job]:
        """Lease due jobs. A card that Telegram's limits hold up is put off instead of keeping a place."""
        now = self._services.now()
        begun = []
        for job in await jobs.claim(session, now, most, self._plan.kinds, tuple(self._running)):
            delay = self._card_delay(job.payload["chat_id"]) if job.kind == JobKind.SHOW_CARD else 0
            if delay:
                jobs.defer(job, now + timedelta(seconds=delay))
            else:
                begun.append(job)
        return begun

    async def _renew(self, services: Services) -> None:
        """Extend the leases of jobs that run or whose end is not written yet, so that no other process runs them."""
        held = [*self._running, *(job.id for job in self._done)]
        if held:
            async with services.sessions.begin() as session:
                await jobs.renew(session, held, services.now())

    async def _run(self, job: Job) -> None:
        REQUEST_ID.set(f"job-{job.id}")
        try:
            with self._services.traces.span("job", job.trace, kind=job.kind, attempt=job.attempts):
                await JOB_HANDLERS[JobKind(job.kind)](self._services, **job.payload)
        except Erased:  # the person was erased: nothing is left to do
            self._done.append(job)
        except Exception as error:  # noqa: BLE001 - a job survives any error
            await self._note_failure(job, error)
        else:
            self._done.append(job)
        self._running.pop(job.id, None)
        self._wake.set()

    @asynccontextmanager
    async def _surviving(self) -> AsyncIterator[None]:
        """Log errors of the job table itself, such as a full disk, and pause instead of ending the process."""
        try:
            yield
        except Exception as error:
            pause = OUTAGE_PAUSE if is_transient(error) else IDLE_SECONDS
            logger.exception("the worker cannot go on", extra={"error": type(error).__name__, "seconds": pause})
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _sleep(self, free: int) -> None:
        """Wait until a job is enqueued, ends, or, when a place is free, becomes due."""
        wait = idle = self._plan.idle_seconds
        if free:
            async with read_only(self._services.sessions) as session:
                due = await jobs.next_due(session, self._plan.kinds)
            wait = max(0.05, (due - self._services.now()).total_seconds()) if due else idle
        if not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(idle, wait))

    async def _note_failure(self, job: Job, error: Exception) -> None:
        """Schedule the next try. When that cannot be written either, it is tried again; then the lease runs out."""
        logger.warning(
            "job failed",
            extra={"job_id": job.id, "kind": job.kind, "attempt": job.attempts, "error": type(error).__name__},
            exc_info=error,
        )
        for _ in range(END_ATTEMPTS):
            async with self._surviving():
                await self._failed(job, error)
                return

    async def _failed(self, job: Job, error: Exception) -> None:
        now, delay = self._services.now(), None
        if isinstance(error, TelegramRetryAfter):
            delay = timedelta(seconds=error.retry_after)
        elif is_transient(error):
            delay = timedelta(seconds=OUTAGE_PAUSE)
        async with self._services.sessions.begin() as session:
            postponed = await jobs.postpone(session, job.id, type(error).__name__, now, delay)
            if not postponed:
                await on_failure(session, job, now)
        self._outcomes.labels(kind=job.kind, outcome="postponed" if postponed else "failed").inc()

    def _in_turn(self, task: Callable[[Services], Awaitable[None]]) -> Callable[[Services], Awaitable[None]]:
        """The task, left out while another process makes the rounds."""

        async def turn(services: Services) -> None:
            if self._plan.rounds.is_held:
                await task(services)

        return turn

    async def _repeat(self, task: Callable[[Services], Awaitable[None]], seconds: float) -> None:
        while not self._stopping.is_set():
            async with self._surviving():
                await task(self._services)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)
