"""The job queue: order, one worker at a time, again after a crash, and a limit of attempts."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.base import Sessions
from models.tables.jobs import Job
from tests.support.rows import NOW
from workflow.jobs import (
    HAS_JOBS,
    MAX_BACKOFF,
    RETRY_PERIOD,
    JobKind,
    claim,
    enqueue,
    finish,
    give_up,
    next_due,
    postpone,
)
from workflow.scans import queries
from workflow.scans.cards import enqueue_card

SECOND = timedelta(seconds=1)
only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


async def enqueue_some(sessions: Sessions, count: int = 1, lock: str | None = None) -> list[int]:
    """Enqueue this many jobs, a second apart."""
    async with sessions.begin() as session:
        jobs = [
            enqueue(session, JobKind.SEND_VOICE, NOW + number * SECOND, lock=lock, number=number)
            for number in range(count)
        ]
        await session.flush()
        return [job.id for job in jobs]


async def take(sessions: Sessions, at: timedelta = timedelta(minutes=1)) -> int | None:
    async with sessions.begin() as session:
        return next((job.id for job in await claim(session, NOW + at)), None)


async def test_a_job_exists_only_if_its_cause_is_committed(sessions: Sessions) -> None:
    async with sessions() as session:
        enqueue(session, JobKind.DELIVER, NOW, scan_id=1)
        await session.flush()
        assert session.info[HAS_JOBS] is True
        await session.rollback()
    assert await take(sessions) is None


async def test_the_oldest_due_job_is_taken_first_and_none_before_its_time(sessions: Sessions) -> None:
    first, second, third = await enqueue_some(sessions, 3)
    assert await take(sessions, -SECOND) is None
    assert await take(sessions, SECOND) == first
    assert await take(sessions, SECOND) == second
    assert await take(sessions, SECOND) is None
    assert await take(sessions, 2 * SECOND) == third


async def test_a_worker_takes_only_the_kinds_that_it_can_do(sessions: Sessions) -> None:
    await enqueue_some(sessions)
    async with sessions.begin() as session:
        assert not await claim(session, NOW, kinds=[JobKind.DELIVER])
        assert await claim(session, NOW, kinds=[JobKind.SEND_VOICE])


async def test_jobs_with_the_same_lock_run_one_after_the_other(sessions: Sessions) -> None:
    first, second = await enqueue_some(sessions, 2, lock="card:1:1")
    [other] = await enqueue_some(sessions, 1, lock="card:1:2")
    assert await take(sessions) == first
    assert await take(sessions) == other
    assert await take(sessions) is None
    async with sessions.begin() as session:
        await finish(session, [first], NOW)
    assert await take(sessions) == second


async def test_one_claim_takes_jobs_for_all_free_places_and_one_of_each_lock(sessions: Sessions) -> None:
    first, _, _ = await enqueue_some(sessions, 3, lock="card:1:1")
    [other] = await enqueue_some(sessions, lock="card:1:2")
    async with sessions.begin() as session:
        assert [job.id for job in await claim(session, NOW + 5 * SECOND, most=4)] == [first, other]
        assert await claim(session, NOW + 5 * SECOND, most=4) == []


async def test_one_draw_of_a_card_stands_for_all_that_wait_and_keeps_what_they_ask_for(sessions: Sessions) -> None:
    """Twenty changes of a scan within a second cost one message; another chat's and a later draw stay."""
    async with sessions.begin() as session:
        for number, wishes in enumerate([{}, {"fresh": True}, {"turn": True}]):
            enqueue_card(session, 1, 7, NOW + number * SECOND, **wishes)
        later = enqueue_card(session, 1, 7, NOW + 60 * SECOND)
        other = enqueue_card(session, 1, 8, NOW)
        waiting = (await session.scalars(select(Job).order_by(Job.id))).all()
        waiting[1].error = "TelegramNetworkError"  # of an earlier try
        enqueue(session, JobKind.SHOW_CARDS, NOW, scan_id=1)
        enqueue(session, JobKind.SHOW_CARDS, NOW, scan_id=1)
        await session.flush()
        card, second, cards = await claim(session, NOW + 5 * SECOND, most=9)
        assert card.payload == {"scan_id": 1, "chat_id": 7, "fresh": True, "turn": True}
        assert (second, cards.kind) == (other, JobKind.SHOW_CARDS)
        assert later.ended_at is None
        assert (await session.scalars(select(Job.error).where(Job.ended_at.is_not(None)))).all() == [None] * 3


async def test_of_workers_that_reach_at_once_only_one_gets_a_locked_job(sessions: Sessions) -> None:
    """Two concurrent edits of one card would leave two cards, or the older one."""
    await enqueue_some(sessions, 2, lock="card:1:1")
    async with asyncio.TaskGroup() as group, sessions.begin() as session:
        assert await claim(session, NOW + SECOND)
        await session.flush()
        other = group.create_task(take(sessions, SECOND))
        await asyncio.wait([other], timeout=0.3)
    assert other.result() is None


async def test_many_workers_take_each_job_once(sessions: Sessions) -> None:
    ids = await enqueue_some(sessions, 12)

    async def run_worker() -> list[int]:
        mine = []
        while (job := await take(sessions)) is not None:
            mine.append(job)
        return mine

    taken = await asyncio.gather(*(run_worker() for _ in range(4)))
    assert sorted(job for mine in taken for job in mine) == ids


@only_postgresql
async def test_a_job_locked_by_another_worker_is_skipped_without_waiting(sessions: Sessions) -> None:
    """SKIP LOCKED: a worker that commits its job's end blocks no other."""
    first, second = await enqueue_some(sessions, 2)
    async with sessions.begin() as ending:
        await ending.get_one(Job, first, with_for_update=True)
        async with asyncio.timeout(5):
            assert await take(sessions) == second


async def test_a_failed_job_waits_longer_each_time_but_never_longer_than_five_minutes(sessions: Sessions) -> None:
    [job] = await enqueue_some(sessions)
    pauses, at = [], NOW
    for _ in range(12):
        async with sessions.begin() as session:
            assert await claim(session, at)
        async with sessions.begin() as session:
            assert await postpone(session, job, "TimeoutError", at)
            assert not await claim(session, at)
            due = await next_due(session)
        assert due is not None
        pauses.append((due - at).total_seconds())
        at = due
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert MAX_BACKOFF.total_seconds() == 300


async def test_telegrams_own_pause_is_kept_to(sessions: Sessions) -> None:
    """A 429 gives the time to wait."""
    [job] = await enqueue_some(sessions)
    async with sessions.begin() as session:
        await postpone(session, job, "TelegramRetryAfter", NOW, timedelta(seconds=77))
        assert await next_due(session) == NOW + timedelta(seconds=77)


async def test_patience_ends_two_days_after_the_first_try(sessions: Sessions) -> None:
    """The job is over, its error's class stays, and no worker takes it again.

    Days on which no process ran do not count.
    """
    [job] = await enqueue_some(sessions)
    assert timedelta(days=2) == RETRY_PERIOD
    begun = 5 * RETRY_PERIOD
    assert await take(sessions, begun) == job
    async with sessions.begin() as session:
        assert await postpone(session, job, "SMTPConnectError", NOW + begun + RETRY_PERIOD - MAX_BACKOFF) is True
        assert await postpone(session, job, "SMTPConnectError", NOW + begun + RETRY_PERIOD) is False
    assert await take(sessions, timedelta(days=30)) is None
    async with sessions() as session:
        ended = await session.get_one(Job, job)
        assert (ended.ended_at, ended.error, ended.leased_until) == (
            NOW + begun + RETRY_PERIOD,
            "SMTPConnectError",
            None,
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [JobKind.ISSUE_REPORT, JobKind.ISSUE_AMENDMENT])
async def test_what_was_confirmed_is_written_however_long_it_takes(sessions: Sessions, kind: JobKind) -> None:
    """A notification is sent every two days; the scan would be stuck for ever if the job were over."""
    async with sessions.begin() as session:
        job = enqueue(session, kind, NOW)
        await session.flush()
        notified = []
        for day in range(1, 8):
            assert await claim(session, NOW + timedelta(days=day)) == [job]
            notified.append(not await postpone(session, job.id, "OSError", NOW + timedelta(days=day)))
    assert notified == [False, False, True, False, True, False, True]


async def test_a_job_that_can_never_succeed_is_given_up_at_once(sessions: Sessions) -> None:
    [job] = await enqueue_some(sessions)
    async with sessions.begin() as session:
        await give_up(session, job, "Unmailable", NOW)
    assert await take(sessions) is None


async def test_a_finished_job_leaves_no_error_behind(sessions: Sessions) -> None:
    [job] = await enqueue_some(sessions)
    async with sessions.begin() as session:
        await postpone(session, job, "TimeoutError", NOW)
        await finish(session, [job], NOW)
    async with sessions() as session:
        [done] = await session.scalars(select(Job))
        assert (done.ended_at, done.error, done.leased_until) == (NOW, None, None)
        assert await next_due(session) is None


async def test_the_age_of_the_queue_is_that_of_the_oldest_due_job(sessions: Sessions) -> None:
    first, second = await enqueue_some(sessions, 2)
    async with sessions.begin() as session:
        assert await queries.oldest_due_job(session, NOW - SECOND) is None
        assert await queries.oldest_due_job(session, NOW + SECOND) == NOW
        await finish(session, [first], NOW)
        assert await queries.oldest_due_job(session, NOW + SECOND) == NOW + SECOND
        await finish(session, [second], NOW)
        assert await queries.oldest_due_job(session, NOW + SECOND) is None
