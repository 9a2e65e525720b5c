"""Notices in browsers of staff and patients: which are subscribed, and which notice is due there."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar, Final, NamedTuple

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, BrowserSession
from models.tables.chats import PushSubscription
from models.tables.proxies import proxies_of
from models.tables.scans import Scan, ScanEvent
from models.vocabulary import Role
from workflow import claims
from workflow.accounts.browsers import sessions
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.errors import AccountError, ClaimedByOther, NotAllowed, NotFound
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize
from workflow.scans import queries
from workflow.transitions import WAITS_FOR, require_separation_of_duties

INTERVAL: Final = timedelta(minutes=1)  # between two notices of one browser
LIFETIME: Final = timedelta(hours=1)  # of a notice; a later one says nothing that its reader has not seen
PATIENTS_LIFETIME: Final = timedelta(days=1)  # the same for patients, who look rarely
PATIENTS_PERIOD: Final = timedelta(days=30)  # for which a patient is notified after the sign-in has ended


class NoticesRefused(AccountError):
    """The browser's subscription is at no push service that the settings name, or incomplete."""

    key: ClassVar[str] = "error.notices_refused"


class DueNotice(NamedTuple):
    """A notice for one browser. `wait_until`: not before then. `is_patients`: of a patient's page, not of the desk."""

    target: Mapping[str, str]
    language: str
    urgent: bool
    wait_until: datetime
    is_patients: bool = False


async def subscribe(session: AsyncSession, actor: Actor, number: int, target: Mapping[str, str], at: datetime) -> None:
    """Send notices to the browser with this session; an earlier session of the same browser gets none from now on.

    A patient's go on for `PATIENTS_PERIOD`, since a report takes longer than a sign-in lasts. Raises SessionEnded where
    the session was ended meanwhile."""
    authorize(actor, Permission.OPEN_BROWSER)
    here = select(BrowserSession.id).where(BrowserSession.id == number).with_for_update()
    if await session.scalar(here) is None:
        raise sessions.SessionEnded
    seal = sha256(target["endpoint"].encode()).hexdigest()
    same = or_(PushSubscription.session_id == number, PushSubscription.endpoint_hash == seal)
    await session.execute(delete(PushSubscription).where(same))
    row = {"session_id": number, "account_id": actor.account_id, "endpoint_hash": seal, "created_at": at}
    session.add(PushSubscription(**row, target=dict(target)))
    await _end_patients_at(session, number, at + PATIENTS_PERIOD)
    await record(session, actor, AuditEvent("notices:on", "account", actor.account_id), at)


async def stop(session: AsyncSession, actor: Actor, number: int, at: datetime) -> None:
    """Send no more notices to this browser. Idempotent."""
    authorize(actor, Permission.OPEN_BROWSER)
    row = await session.get(PushSubscription, number)
    if row is not None:
        await session.delete(row)
        own = await sessions.find(session, number)
        await _end_patients_at(session, number, own.created_at + sessions.longest(own) if own else at)
        await record(session, actor, AuditEvent("notices:off", "account", actor.account_id), at)


async def _end_patients_at(session: AsyncSession, number: int, ends_at: datetime) -> None:
    """Set the end of a patient's session; pages open for `sessions.longest` at most whatever it is."""
    own = update(BrowserSession).where(BrowserSession.id == number, BrowserSession.role == Role.PATIENT)
    await session.execute(own.values(ends_at=ends_at))


async def is_on(session: AsyncSession, number: int) -> bool:
    """Whether the browser with this session is subscribed."""
    return await session.get(PushSubscription, number) is not None


async def of_account(session: AsyncSession, account_id: int) -> Sequence[PushSubscription]:
    """The subscriptions of an account's browsers, oldest first."""
    own = select(PushSubscription).where(PushSubscription.account_id == account_id)
    return (await session.scalars(own.order_by(PushSubscription.created_at))).all()


async def ask_test(session: AsyncSession, actor: Actor, number: int, at: datetime) -> None:
    """Enqueue a notice that says that it is a test. Raises NotFound where this browser is not subscribed."""
    authorize(actor, Permission.OPEN_BROWSER)
    if not await is_on(session, number):
        raise NotFound
    enqueue_notice(session, number, at, at)


async def enqueue_new_work(
    session: AsyncSession, scan: Scan, role: Role, since: datetime, at: datetime, asked_by: int | None = None
) -> None:
    """Enqueue a notice for each subscribed browser in this role that got none after `since`.

    A notice names no scan: one covers all the work that came before it. `asked_by`: an account that gets none."""
    acting = func.coalesce(BrowserSession.role, Account.role) == role
    uncovered = func.coalesce(PushSubscription.sent_at, PushSubscription.created_at) < since
    browsers = select(PushSubscription.session_id).join(BrowserSession).join(BrowserSession.account)
    others = PushSubscription.account_id.is_distinct_from(asked_by)
    for number in await session.scalars(browsers.where(acting, uncovered, others)):
        enqueue_notice(session, number, since, at, scan.id)


async def enqueue_for_patient(
    session: AsyncSession, account_id: int, since: datetime, at: datetime, *, relatives: bool = True
) -> None:
    """Enqueue a notice for the subscribed browsers of a patient, and of the relatives who act for them, that got none
    after `since`, when what waits for them came."""
    own = PushSubscription.account_id == account_id
    readers = or_(own, PushSubscription.account_id.in_(proxies_of(account_id))) if relatives else own
    uncovered = func.coalesce(PushSubscription.sent_at, PushSubscription.created_at) < since
    browsers = select(PushSubscription.session_id).join(BrowserSession)
    for number in await session.scalars(browsers.where(BrowserSession.role == Role.PATIENT, readers, uncovered)):
        enqueue_patients_notice(session, number, since, at)


def enqueue_patients_notice(session: AsyncSession, number: int, since: datetime, at: datetime) -> None:
    """Enqueue the notice of what waits for a patient `since`; those of one browser run in turn."""
    enqueue(session, JobKind.PUSH_PATIENT, at, lock=f"push:{number}", number=number, since=since.isoformat())


async def due_for_patient(session: AsyncSession, number: int, since: datetime, at: datetime) -> DueNotice | None:
    """The same as `due` for a patient. A notice shows nothing, so that a lock or the end of the pages ends none."""
    subscription, row = await session.get(PushSubscription, number), await sessions.find(session, number)
    if subscription is None or row is None:
        return None
    actor = actor_of(row.account, row.role)
    if row.ends_at <= at or actor.suspended or actor.role is not Role.PATIENT or row.account.closed_at is not None:
        await session.delete(subscription)
        return None
    if since <= (subscription.sent_at or subscription.created_at) or since < at - PATIENTS_LIFETIME:
        return None
    after = subscription.sent_at + INTERVAL if subscription.sent_at else at
    return DueNotice(subscription.target, actor.language, False, after, is_patients=True)


def enqueue_notice(
    session: AsyncSession, number: int, since: datetime, at: datetime, scan_id: int | None = None
) -> None:
    """Enqueue the notice of work that waits `since`, or of a test without a scan; those of one browser run in turn."""
    lock, began = f"push:{number}", since.isoformat()
    enqueue(session, JobKind.PUSH_NOTICE, at, lock=lock, number=number, since=began, scan_id=scan_id)


async def waits_since(session: AsyncSession, scan: Scan, role: Role) -> datetime:
    """When the scan began to wait for this role."""
    began = select(func.min(ScanEvent.at)).where(ScanEvent.scan_id == scan.id, ScanEvent.status == scan.status)
    return scan.created_at if role is Role.DOCTOR else await session.scalar(began) or scan.changed_at


async def due(
    session: AsyncSession, number: int, since: datetime, scan_id: int | None, at: datetime, locked_before: datetime
) -> DueNotice | None:
    """The notice for this browser; None where it is covered, too old, or for somebody who may not act any more.

    The subscription of a session that is over or locked is deleted."""
    subscription, row = await session.get(PushSubscription, number), await sessions.find(session, number)
    if subscription is None or row is None:
        return None
    try:
        actor = sessions.actor_in(row, at, locked_before)
    except sessions.SessionEnded:
        actor = None
    if actor is None or actor.locked:
        await session.delete(subscription)
        return None
    if since <= (subscription.sent_at or subscription.created_at) or since < at - LIFETIME:
        return None
    scan = await _waiting(session, actor, scan_id, at) if scan_id is not None else None
    if scan_id is not None and scan is None:
        return None
    after = subscription.sent_at + INTERVAL if subscription.sent_at else at
    urgent = scan is not None and _is_urgent(scan)
    return DueNotice(subscription.target, actor.language, urgent, after, actor.role is Role.PATIENT)


async def mark_sent(session: AsyncSession, number: int, at: datetime) -> None:
    """Record the time of the notice that the push service took."""
    sent = update(PushSubscription).where(PushSubscription.session_id == number)
    await session.execute(sent.values(sent_at=at))


async def drop(session: AsyncSession, number: int, target: Mapping[str, str]) -> None:
    """Delete the subscription that the browser has ended, unless it has made another one since."""
    row = await session.get(PushSubscription, number)
    if row is not None and row.target == target:
        await session.delete(row)


async def _waiting(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan | None:
    """The scan, if it still waits for this person and nobody else works on it."""
    try:
        scan = await queries.scan_for(session, scan_id, actor, Permission.CLAIM)
        await require_separation_of_duties(session, scan, actor)
        claims.require_free(scan.claim, actor, at)
    except (NotFound, NotAllowed, ClaimedByOther):
        return None
    return scan if WAITS_FOR.get(scan.status) is actor.role and scan.released_at is None else None


def _is_urgent(scan: Scan) -> bool:
    return scan.stat_at is not None or queries.is_critical(scan) or queries.is_urgent(scan)
