"""Job queue (transactional outbox): a job is stored with its cause, run by a worker and retried until it succeeds."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.tables.jobs import Job, SendSlot
from workflow.job_owner import OWN_NAME, is_dead
from workflow.request_id import TRACE_PARENT

LEASE: Final = timedelta(seconds=10)  # renewed while the job runs
ENDED_RETENTION: Final = timedelta(days=30)  # to look into what failed
MAX_BACKOFF: Final = timedelta(minutes=5)
RETRY_PERIOD: Final = timedelta(days=2)  # from the first try
IDLE_SLOT: Final = timedelta(hours=1)
CLAIM_LOCK: Final = 0xC555  # PostgreSQL advisory lock that serializes `claim`
HAS_JOBS: Final = "owes"  # key in `session.info`: the commit wakes the worker


class JobKind(StrEnum):
    """The kinds of jobs. The values are stored in the queue; `bot.jobs.registry` maps them to handlers."""

    SHOW_CARDS = "show_cards"
    SHOW_CARD = "show_card"
    SHOW_MENU = "show_menu"
    ANALYSE = "analyse"
    ASK_COMPLAINT = "ask_complaint"
    READ_AHEAD = "read_ahead"
    ASK_RETAKE = "ask_retake"
    MAIL_CODE = "mail_code"
    MAIL_ACCOUNT_EXISTS = "mail_account_exists"
    ISSUE_REPORT = "write_report"
    DELIVER = "deliver"
    SEND_REPORT = "send_report"
    MAIL_REPORT = "mail_report"
    SEND_VOICE = "send_voice"
    SEND_WHATSAPP = "send_whatsapp"
    NOTIFY_UNDELIVERED = "tell_undelivered"
    NOTIFY_FAILURE = "tell_failure"
    CALL_STAFF = "call_staff"
    RELAY_MESSAGE = "carry_words"
    NOTIFY_TICKET = "tell_turn"
    REPORT_UNANSWERED = "report_unanswered"
    WITHDRAW_CALL = "withdraw_call"
    CHECK_DRIFT = "check_drift"
    RUN_SHADOW_MODEL = "try_silently"
    NOTIFY_AMENDMENT = "tell_amendment"
    NOTIFY_DECLINED = "tell_declined"
    ISSUE_AMENDMENT = "write_amendment"
    MARK_SUPERSEDED = "mark_superseded"
    SEND_DRAFT = "send_draft"
    NOTIFY_CRITICAL = "tell_critical"
    NOTIFY_ACKNOWLEDGED = "tell_heard"
    NOTIFY_TAKEN_OVER = "tell_taken_over"
    NOTIFY_CORRECTION = "tell_correction"
    NOTIFY_CLARIFICATION = "tell_clarification"
    NOTIFY_CLARIFIED = "tell_clarified"
    NOTIFY_STAT = "tell_stat"
    REMOVE_MESSAGE = "remove_message"
    NOTIFY_IDENTITY = "tell_identity"
    NOTIFY_CHAT_LINK = "tell_chat_link"
    NOTIFY_BROWSER = "tell_browser"
    PUSH_NOTICE = "push_notice"
    PUSH_PATIENT = "push_patient"
    NOTIFY_AUTHENTICATOR_RESET = "tell_authenticator_reset"
    NOTIFY_INVITATION = "tell_invitation"
    NOTIFY_CREDENTIAL = "tell_credential"
    NOTIFY_DENIED = "tell_denied"
    SEND_SLIP = "send_slip"
    NOTIFY_CLAIMED = "tell_claimed"
    NOTIFY_FILE_AT_DESK = "tell_file_at_desk"
    SEND_EXPORT = "send_export"
    DELETE_FILES = "clear_away"


class Priority(IntEnum):
    """Which due job is taken first, however old others are. Not stored."""

    URGENT = 0
    CODE = 1
    REPORT = 2
    ANALYSIS = 3
    OTHER = 4
    CARD = 5


PRIORITIES: Final = {
    JobKind.CALL_STAFF: Priority.URGENT,
    JobKind.WITHDRAW_CALL: Priority.URGENT,
    JobKind.NOTIFY_CRITICAL: Priority.URGENT,
    JobKind.NOTIFY_STAT: Priority.URGENT,
    JobKind.RELAY_MESSAGE: Priority.URGENT,
    JobKind.MAIL_CODE: Priority.CODE,
    JobKind.MAIL_ACCOUNT_EXISTS: Priority.CODE,  # as fast as a code: the two must look alike
    JobKind.ISSUE_REPORT: Priority.REPORT,
    JobKind.ISSUE_AMENDMENT: Priority.REPORT,
    JobKind.DELIVER: Priority.REPORT,
    JobKind.SEND_REPORT: Priority.REPORT,
    JobKind.MAIL_REPORT: Priority.REPORT,
    JobKind.ANALYSE: Priority.ANALYSIS,
    JobKind.READ_AHEAD: Priority.ANALYSIS,
    JobKind.SHOW_CARDS: Priority.CARD,
    JobKind.SHOW_CARD: Priority.CARD,
    JobKind.SHOW_MENU: Priority.CARD,
}
MERGED: Final = frozenset({JobKind.SHOW_CARD, JobKind.SHOW_CARDS})  # one run does the work of all that wait
LOCKS: Final = {JobKind.SHOW_CARDS: "cards:{scan_id}"}  # where the caller names no lock
RETRIED_FOREVER: Final = frozenset({JobKind.ISSUE_REPORT, JobKind.ISSUE_AMENDMENT})  # released and approved reports


def enqueue(session: AsyncSession, kind: JobKind, at: datetime, /, *, lock: str | None = None, **payload: Any) -> Job:  # noqa: ANN401 - JSON
    """Add a job that is due at `at`. It exists if and only if the caller's transaction commits.

    `lock`: jobs with the same lock never run at the same time. `payload` is stored as JSON."""
    lock = lock or LOCKS.get(kind, "").format(**payload) or None
    job = Job(kind=kind, payload=payload, lock=lock, run_at=at, created_at=at, trace=TRACE_PARENT.get())
    session.add(job)
    session.info[HAS_JOBS] = True
    return job


async def claim(
    session: AsyncSession,
    at: datetime,
    most: int = 1,
    kinds: Collection[str] = tuple(JobKind),
    running: Collection[int] = (),
) -> list[Job]:
    """Lease up to `most` due jobs whose locks are free, by priority and then age, so that no other worker takes them.

    May return fewer although more are due: of jobs with the same lock only the first is leased. `running` are ids of
    jobs that this process still runs, whatever happened to their leases."""
    due = _due(at, kinds).where(Job.id.not_in(running)).limit(most).with_for_update(skip_locked=True)
    if session.bind.dialect.name == "postgresql":  # others do not see an uncommitted lease
        await session.execute(select(func.pg_advisory_xact_lock(CLAIM_LOCK)))
    claimed: dict[str | int, Job] = {}
    for job in await session.scalars(due):
        if claimed.setdefault(job.lock or job.id, job) is job:
            job.attempts += 1
            job.tried_at = job.tried_at or at
            job.leased_until, job.leased_by = at + LEASE, OWN_NAME
    await _merge(session, {job.lock: job for job in claimed.values() if job.kind in MERGED}, at)
    return [*claimed.values()]


def _due(at: datetime, kinds: Collection[str]) -> Select[tuple[Job]]:
    """Due jobs without a lease and with a free lock. A lease that ends far ahead was made before a clock went back."""
    running = aliased(Job)
    locked = select(running.id).where(
        running.lock == Job.lock, running.ended_at.is_(None), running.id != Job.id, _is_leased(running, at)
    )
    urgency = case(PRIORITIES, value=Job.kind, else_=Priority.OTHER)
    return (
        select(Job)
        .where(Job.ended_at.is_(None), Job.run_at <= at, Job.kind.in_(kinds), ~_is_leased(Job, at), ~locked.exists())
        .order_by(urgency, Job.run_at, Job.id)
    )


def _is_leased(job: type[Job], at: datetime) -> ColumnElement[bool]:
    return and_(job.leased_until.is_not(None), job.leased_until > at, job.leased_until <= at + 2 * LEASE)


async def _merge(session: AsyncSession, claimed: dict[str | None, Job], at: datetime) -> None:
    """End the other due jobs of the same kind and lock, since one run shows the newest state for all of them."""
    if not claimed:
        return
    leased = [job.id for job in claimed.values()]
    waiting = select(Job).where(Job.ended_at.is_(None), Job.run_at <= at, Job.lock.in_(claimed), Job.id.not_in(leased))
    for other in await session.scalars(waiting):
        job = claimed[other.lock]
        job.payload = job.payload | {name: True for name, value in other.payload.items() if value is True}
        other.ended_at, other.error = at, None


async def next_due(session: AsyncSession, kinds: Collection[str] = tuple(JobKind)) -> datetime | None:
    """The due time of the next job of these kinds that is not running; None when there is none."""
    waiting = select(Job.run_at).where(Job.ended_at.is_(None), Job.leased_until.is_(None), Job.kind.in_(kinds))
    due: datetime | None = await session.scalar(waiting.order_by(Job.run_at).limit(1))
    return due


async def recover(session: AsyncSession) -> None:
    """Release the leases of processes of this machine that were killed; leases of other machines run out."""
    for job in await session.scalars(select(Job).where(Job.ended_at.is_(None), Job.leased_until.is_not(None))):
        if is_dead(job.leased_by):
            job.leased_until = job.leased_by = None


async def renew(session: AsyncSession, job_ids: Collection[int], at: datetime) -> None:
    """Extend the leases of jobs that still run; called several times within `LEASE`."""
    await session.execute(
        update(Job).where(Job.id.in_(job_ids), Job.ended_at.is_(None)).values(leased_until=at + LEASE)
    )


def defer(job: Job, until: datetime) -> None:
    """Return a claimed job that has not begun, without counting an attempt."""
    job.leased_until = job.leased_by = None
    job.attempts -= 1
    job.run_at = until


async def finish(session: AsyncSession, job_ids: Collection[int], at: datetime) -> None:
    """Mark jobs as done."""
    done = update(Job).where(Job.id.in_(job_ids)).values(ended_at=at, leased_until=None, error=None)
    await session.execute(done)


async def postpone(session: AsyncSession, job_id: int, error: str, at: datetime, wait: timedelta | None = None) -> bool:
    """Schedule a retry after `wait`, or after exponential backoff of at most `MAX_BACKOFF`.

    Returns False when `RETRY_PERIOD` since the first try is over: the caller reports the failure, and the job is failed
    unless its kind is in `RETRIED_FOREVER`."""
    job = await session.get_one(Job, job_id)
    job.leased_until, job.error = None, error
    job.run_at = at + (wait or min(timedelta(seconds=2 ** min(job.attempts, 10)), MAX_BACKOFF))
    if job.run_at - (job.tried_at or at) <= RETRY_PERIOD:
        return True
    if job.kind in RETRIED_FOREVER:
        job.tried_at = at
    else:
        await give_up(session, job_id, error, at)
    return False


async def give_up(session: AsyncSession, job_id: int, error: str, at: datetime) -> None:
    """Mark a job as failed for good; `error` keeps the class of the exception."""
    job = await session.get_one(Job, job_id)
    job.ended_at, job.leased_until, job.error = at, None, error


async def delete_old_jobs(session: AsyncSession, at: datetime, most: int) -> int:
    """Delete up to `most` jobs that ended more than `ENDED_RETENTION` ago. Returns how many were deleted."""
    old = select(Job.id).where(Job.ended_at < at - ENDED_RETENTION).limit(most)
    return len((await session.scalars(delete(Job).where(Job.id.in_(old)).returning(Job.id))).all())


async def delete_idle_slots(session: AsyncSession, at: datetime) -> None:
    """Delete the rates of chats to which nothing was sent for a while: a new slot begins as an idle one."""
    await session.execute(delete(SendSlot).where(SendSlot.due < at - IDLE_SLOT))
