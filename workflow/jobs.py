"""What is owed: written with its cause, run by a worker, retried until it is done."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.tables.jobs import Job

LEASE: Final = timedelta(minutes=5)
LONGEST_PAUSE: Final = timedelta(minutes=5)
PATIENCE: Final = timedelta(days=2)  # from the first try
CLAIMING: Final = 0xC555  # PostgreSQL's advisory lock of whoever looks for a job
OWES: Final = "owes"  # set in `session.info`: the commit of this session gives the worker something to do


class JobKind(StrEnum):
    SHOW_CARDS = "show_cards"
    SHOW_CARD = "show_card"
    SHOW_MENU = "show_menu"
    ANALYSE = "analyse"
    ASK_RETAKE = "ask_retake"
    MAIL_CODE = "mail_code"
    MAIL_ACCOUNT_EXISTS = "mail_account_exists"
    WRITE_REPORT = "write_report"
    DELIVER = "deliver"
    SEND_REPORT = "send_report"
    MAIL_REPORT = "mail_report"
    SEND_VOICE = "send_voice"
    SEND_WHATSAPP = "send_whatsapp"
    TELL_UNDELIVERED = "tell_undelivered"
    TELL_FAILURE = "tell_failure"
    CALL_STAFF = "call_staff"
    CARRY_WORDS = "carry_words"
    TELL_TURN = "tell_turn"
    CHECK_DRIFT = "check_drift"
    TRY_SILENTLY = "try_silently"
    TELL_AMENDMENT = "tell_amendment"
    TELL_DECLINED = "tell_declined"
    WRITE_AMENDMENT = "write_amendment"
    MARK_SUPERSEDED = "mark_superseded"
    SEND_DRAFT = "send_draft"
    TELL_CRITICAL = "tell_critical"
    TELL_HEARD = "tell_heard"
    REMOVE_MESSAGE = "remove_message"
    TELL_AUTHENTICATOR_RESET = "tell_authenticator_reset"
    SEND_EXPORT = "send_export"
    CLEAR_AWAY = "clear_away"


LASTING: Final = frozenset({JobKind.WRITE_REPORT, JobKind.WRITE_AMENDMENT})  # what was confirmed is written in the end


def enqueue(session: AsyncSession, kind: JobKind, at: datetime, /, *, lock: str | None = None, **payload: Any) -> Job:  # noqa: ANN401 - JSON
    """Owe a job. It exists if and only if the caller's transaction commits."""
    job = Job(kind=kind, payload=payload, lock=lock, run_at=at, created_at=at)
    session.add(job)
    session.info[OWES] = True
    return job


async def claim(session: AsyncSession, at: datetime, kinds: Collection[str] = tuple(JobKind)) -> Job | None:
    """Take the oldest due job whose lock is free, and hide it from other workers for one lease.

    A worker that dies leaves its lease to run out; `recover` ends it at once where there is only one worker."""
    running = aliased(Job)
    locked = select(running.id).where(
        running.lock == Job.lock, running.ended_at.is_(None), running.leased_until > at, running.id != Job.id
    )
    due = (
        select(Job)
        .where(Job.ended_at.is_(None), Job.run_at <= at, Job.kind.in_(kinds))
        .where(Job.leased_until.is_(None) | (Job.leased_until <= at))
        .where(~locked.exists())
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if session.bind.dialect.name == "postgresql":  # a lease not committed yet is not seen by others
        await session.execute(select(func.pg_advisory_xact_lock(CLAIMING)))
    job = await session.scalar(due)
    if job is not None:
        job.attempts += 1
        job.tried_at = job.tried_at or at
        job.leased_until = at + LEASE
    return job


async def next_due(session: AsyncSession) -> datetime | None:
    """When the next waiting job wants to run, running ones left aside."""
    waiting = select(Job.run_at).where(Job.ended_at.is_(None), Job.leased_until.is_(None))
    due: datetime | None = await session.scalar(waiting.order_by(Job.run_at).limit(1))
    return due


async def recover(session: AsyncSession) -> None:
    """Give back what a killed process had in hand. Only for a carrier with a single worker."""
    for job in await session.scalars(select(Job).where(Job.ended_at.is_(None), Job.leased_until.is_not(None))):
        job.leased_until = None


async def finish(session: AsyncSession, job_id: int, at: datetime) -> None:
    job = await session.get_one(Job, job_id)
    job.ended_at, job.leased_until, job.error = at, None, None


async def postpone(session: AsyncSession, job_id: int, error: str, at: datetime, wait: timedelta | None = None) -> bool:
    """Try again later, each time a little later. False when patience ends: somebody is to be told, and the job is over
    and failed unless it is one that lasts."""
    job = await session.get_one(Job, job_id)
    job.leased_until, job.error = None, error
    job.run_at = at + (wait or min(timedelta(seconds=2 ** min(job.attempts, 10)), LONGEST_PAUSE))
    if job.run_at - (job.tried_at or at) <= PATIENCE:
        return True
    if job.kind in LASTING:
        job.tried_at = at
    else:
        await give_up(session, job_id, error, at)
    return False


async def give_up(session: AsyncSession, job_id: int, error: str, at: datetime) -> None:
    """End a job that can never succeed; its error's class stays as the mark."""
    job = await session.get_one(Job, job_id)
    job.ended_at, job.leased_until, job.error = at, None, error
