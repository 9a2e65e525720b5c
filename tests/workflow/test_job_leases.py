"""Leases of jobs: whose job is taken over and when, what is urgent, and what is put off."""

import os
from datetime import timedelta

from sqlalchemy import select

from models.base import Sessions
from models.tables.jobs import Job
from tests.support.rows import NOW
from workflow.job_owner import OWN_NAME
from workflow.jobs import LEASE, JobKind, claim, defer, enqueue, recover, renew

SECOND = timedelta(seconds=1)
HOST, PID, _ = OWN_NAME.split("|")
OWNERS = {  # process that leased a job: whether a starting process may take the job from it
    None: True,  # leased by a version that kept no owner
    f"{HOST}|{PID}|before": True,  # the same number in an earlier life of this container
    f"{HOST}|4194304|killed": True,  # a number that Linux never gives
    f"{HOST}|{os.getppid()}|alive": False,
    f"elsewhere|{PID}|alive": False,
    OWN_NAME: False,
}


async def jobs_of(sessions: Sessions, *kinds: JobKind) -> list[int]:
    """Enqueue jobs a second apart."""
    async with sessions.begin() as session:
        jobs = [
            enqueue(session, kind, NOW + number * SECOND, scan_id=1, chat_id=1) for number, kind in enumerate(kinds)
        ]
        await session.flush()
        return [job.id for job in jobs]


async def take(sessions: Sessions, at: timedelta, most: int = 1) -> list[int]:
    async with sessions.begin() as session:
        return [job.id for job in await claim(session, NOW + at, most)]


async def test_a_dead_workers_job_comes_back_when_its_lease_has_run_out(sessions: Sessions) -> None:
    ids = await jobs_of(sessions, JobKind.SEND_VOICE)
    assert await take(sessions, SECOND) == ids
    assert await take(sessions, LEASE) == []
    assert await take(sessions, SECOND + LEASE) == ids
    async with sessions() as session:
        assert (await session.get_one(Job, ids[0])).attempts == 2


async def test_a_starting_process_takes_up_at_once_the_jobs_of_dead_ones_and_of_nobody_else(sessions: Sessions) -> None:
    """A neighbour that freed every lease had a report delivered twice."""
    ids = await jobs_of(sessions, *[JobKind.SEND_VOICE] * len(OWNERS))
    async with sessions.begin() as session:
        for job, owner in zip(await claim(session, NOW + 9 * SECOND, most=9), OWNERS, strict=True):
            job.leased_by = owner
    async with sessions.begin() as session:
        await recover(session)
    free = [job_id for job_id, free in zip(ids, OWNERS.values(), strict=True) if free]
    assert await take(sessions, 9 * SECOND, most=9) == free


async def test_a_running_job_keeps_its_lease_unless_it_was_made_before_the_clock_went_back(sessions: Sessions) -> None:
    running, lost = await jobs_of(sessions, *[JobKind.SEND_VOICE] * 2)
    async with sessions.begin() as session:
        await claim(session, NOW + SECOND, most=2)
        await renew(session, [running], NOW + SECOND + LEASE)
    assert await take(sessions, SECOND + LEASE, most=2) == [lost]
    hour = timedelta(hours=1)
    async with sessions.begin() as session:
        for job in await session.scalars(select(Job)):
            job.run_at = NOW - 2 * hour
    assert await take(sessions, -hour, most=2) == [running, lost]


async def test_a_job_that_still_runs_here_is_not_taken_again_whatever_the_clock_says(
    sessions: Sessions,
) -> None:
    first, second = await jobs_of(sessions, *[JobKind.SEND_VOICE] * 2)
    async with sessions.begin() as session:
        assert [job.id for job in await claim(session, NOW + timedelta(days=1), 2, running=[first])] == [second]


async def test_what_is_urgent_comes_before_what_is_older(sessions: Sessions) -> None:
    kinds = [JobKind.SHOW_CARD, JobKind.SEND_EXPORT, JobKind.ANALYSE, JobKind.ISSUE_REPORT, JobKind.MAIL_CODE]
    *rest, call, critical = await jobs_of(sessions, *kinds, JobKind.CALL_STAFF, JobKind.NOTIFY_CRITICAL)
    order = [job_id for _ in range(7) for job_id in await take(sessions, 9 * SECOND)]
    assert order == [call, critical, *reversed(rest)]


async def test_a_job_that_is_put_off_has_not_been_tried(sessions: Sessions) -> None:
    ids = await jobs_of(sessions, JobKind.SHOW_CARD)
    async with sessions.begin() as session:
        [job] = await claim(session, NOW + SECOND)
        defer(job, NOW + 9 * SECOND)
    assert await take(sessions, 8 * SECOND) == []
    assert await take(sessions, 9 * SECOND) == ids
    async with sessions() as session:
        assert (await session.get_one(Job, ids[0])).attempts == 1
