"""Sessions of browsers. A browser holds a token that names the session and an id of its own, kept here as a hash."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from models.tables.accounts import Account, BrowserSession
from models.tables.chats import PushSubscription
from models.tables.codes import Change
from models.vocabulary import Role
from workflow.accounts import logins
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.credentials import changes
from workflow.errors import AccountError, NotAllowed, NotFound, StaleAction, Suspended
from workflow.permissions import STAFF, Permission, authorize

TELEGRAM_IDS: Final = 2**52  # no id of a chat has more bits
NUMBERS: Final = 2**62
TOKEN_LIFETIME: Final = timedelta(hours=1)
RENEWED_AFTER: Final = timedelta(minutes=10)  # a page asked for later gets a new token
FORMER_TOKEN: Final = timedelta(minutes=1)  # in which requests on their way may still carry the token before
LONGEST: Final = timedelta(hours=12)  # of a session, however much it is used
MINI_APP: Final = "Telegram"  # label of the page that Telegram shows inside its own
MINI_APP_LIFETIME: Final = timedelta(hours=1)
COLLECTED_WITHIN: Final = timedelta(minutes=2)
SEEN_PRECISION: Final = timedelta(minutes=1)


class SessionEnded(AccountError):
    """The session of the browser is over, or there is none."""

    key = "error.browser_ended"


class TokenReplayed(SessionEnded):
    """A token came that was replaced before: a copy of it is about. End the session."""


def new_number() -> int:
    """A random number for the session of a browser."""
    return -TELEGRAM_IDS - 1 - secrets.randbelow(NUMBERS)


def is_browser(number: int) -> bool:
    """Whether this is the number of a browser's session and not the id of a chat."""
    return number < -TELEGRAM_IDS


class Origin(NamedTuple):
    """Kind of browser and system; the chat that let it in; PATIENT for the patient's own page, None for the desk."""

    label: str
    chat_id: int | None = None
    role: Role | None = None


async def open_session(session: AsyncSession, account: Account, number: int, at: datetime, origin: Origin) -> None:
    """Sign a browser in; the caller has checked who it is. The account's chats are told, but not the one it came from.

    Raises NotAllowed where the account has no such role, Suspended, StaleAction for a number in use."""
    actor, chat_id = actor_of(account, origin.role), origin.chat_id
    await _add(session, actor, number, at, origin._replace(label=origin.label[:80]), LONGEST)
    for counted in (logins.reset_key(account.email or ""), logins.factor_key(account.id)):
        await logins.forget_failures(session, counted)
    await changes.note(session, account.id, Change.BROWSER, at, *([chat_id] if chat_id is not None else []))
    await record(session, actor, AuditEvent("sign_in", "account", account.id, reason="browser"), at)


async def open_mini_app(session: AsyncSession, actor: Actor, number: int, chat_id: int, at: datetime) -> None:
    """Sign the patient's page in that Telegram opened from this chat; an earlier one of the chat ends.

    Raises NotAllowed for another role, Suspended, SessionLocked for a locked chat."""
    authorize(actor, Permission.OPEN_BROWSER)
    account = await session.get_one(Account, actor.account_id)
    before = select(BrowserSession.id).where(BrowserSession.chat_id == chat_id, BrowserSession.label == MINI_APP)
    for earlier in await session.scalars(before):
        await end(session, earlier, at, "mini_app")
    origin = Origin(MINI_APP, chat_id, Role.PATIENT)
    await _add(session, actor, number, at, origin, MINI_APP_LIFETIME)
    await record(session, actor, AuditEvent("sign_in", "account", account.id, reason="mini_app"), at)


async def _add(
    session: AsyncSession, actor: Actor, number: int, at: datetime, origin: Origin, lifetime: timedelta
) -> None:
    """Raises NotAllowed where the actor has not the kind of role of the origin, Suspended, StaleAction."""
    if _is_of_another_kind(origin.role, actor):
        raise NotAllowed
    if actor.suspended:
        raise Suspended
    if await session.get(BrowserSession, number) is not None:
        raise StaleAction
    moments = {"created_at": at, "seen_at": at, "renewed_at": at, "ends_at": at + lifetime}
    session.add(BrowserSession(id=number, account_id=actor.account_id, **origin._asdict(), **moments))


def _is_of_another_kind(role: Role | None, actor: Actor) -> bool:
    """Whether a patient's session would be a member of staff's, who sign in otherwise, or the other way round."""
    return (role is Role.PATIENT) != (actor.role is Role.PATIENT)


def longest(row: BrowserSession) -> timedelta:
    """For how long the session opens pages, however much it is used and whatever notices it gets."""
    return MINI_APP_LIFETIME if row.label == MINI_APP else LONGEST


async def first_token(session: AsyncSession, number: int, at: datetime) -> tuple[int, str] | None:
    """The account and the id of the first token, once; None where nobody has signed this browser in just now."""
    token_id = secrets.token_urlsafe(16)
    waiting = (BrowserSession.id == number, BrowserSession.token_hash == "")
    fresh = update(BrowserSession).where(*waiting, BrowserSession.created_at > at - COLLECTED_WITHIN)
    given = fresh.values(token_hash=_hash(token_id), renewed_at=at).returning(BrowserSession.account_id)
    account_id = await session.scalar(given)
    return None if account_id is None else (account_id, token_id)


async def next_token(session: AsyncSession, number: int, token_id: str, at: datetime) -> str | None:
    """The id of a new token in place of this one; None while that is new itself, or was replaced already."""
    following = secrets.token_urlsafe(16)
    current = (BrowserSession.id == number, BrowserSession.token_hash == _hash(token_id))
    due = update(BrowserSession).where(*current, BrowserSession.renewed_at <= at - RENEWED_AFTER)
    replaced = due.values(former_hash=_hash(token_id), token_hash=_hash(following), renewed_at=at)
    return following if await session.scalar(replaced.returning(BrowserSession.id)) is not None else None


async def find(session: AsyncSession, number: int) -> BrowserSession | None:
    """The session of this number, with its account and the roles."""
    with_roles = joinedload(BrowserSession.account).joinedload(Account.additional_roles)
    return await session.get(BrowserSession, number, options=[with_roles], populate_existing=True)


async def actor_by_token(
    session: AsyncSession, number: int, token_id: str, at: datetime, locked_before: datetime
) -> Actor:
    """The actor behind a token whose signature is right. Raises SessionEnded, TokenReplayed."""
    row = await find(session, number)
    if row is None:
        raise SessionEnded
    given = _hash(token_id)
    is_former = row.renewed_at > at - FORMER_TOKEN and hmac.compare_digest(row.former_hash, given)
    if not is_former and not hmac.compare_digest(row.token_hash, given):
        raise TokenReplayed
    return actor_in(row, at, locked_before)


def actor_in(row: BrowserSession, at: datetime, locked_before: datetime) -> Actor:
    """The actor of this session. Raises SessionEnded where it is over, or the account has lost its kind of role.

    What is left of a session that gets notices for longer opens no page."""
    actor = actor_of(row.account, row.role)
    over = row.ends_at <= at or row.created_at <= at - longest(row)
    if over or not row.token_hash or actor.suspended or _is_of_another_kind(row.role, actor):
        raise SessionEnded
    locked = row.seen_at < locked_before
    return actor._replace(seen_at=row.seen_at, proved_at=row.proved_at, locked=locked, roles=row.account.roles)


async def touch(session: AsyncSession, number: int, at: datetime) -> None:
    """Record that the person asked for a page, at most once per `SEEN_PRECISION`."""
    seen = update(BrowserSession).where(BrowserSession.id == number, BrowserSession.seen_at < at - SEEN_PRECISION)
    await session.execute(seen.values(seen_at=at))


async def unlock(session: AsyncSession, actor: Actor, number: int, at: datetime) -> None:
    """Unlock a browser after the password was checked."""
    await session.execute(update(BrowserSession).where(BrowserSession.id == number).values(seen_at=at))
    await record(session, actor, AuditEvent("unlock", "account", actor.account_id, reason="browser"), at)


async def switch_role(session: AsyncSession, actor: Actor, number: int, role: Role, at: datetime) -> None:
    """Set the active role of this browser, where notices end. Raises NotFound for a role not held or none of staff."""
    authorize(actor, Permission.SWITCH_ROLE)
    if role not in actor.roles or role not in STAFF or actor.role not in STAFF:
        raise NotFound
    await session.execute(update(BrowserSession).where(BrowserSession.id == number).values(role=role))
    await session.execute(delete(PushSubscription).where(PushSubscription.session_id == number))
    switched = AuditEvent(Permission.SWITCH_ROLE, "account", actor.account_id, reason=role)
    await record(session, actor._replace(role=role), switched, at)


async def of_account(session: AsyncSession, account_id: int | None) -> Sequence[BrowserSession]:
    """The account's signed-in browsers, newest first."""
    own = select(BrowserSession).where(BrowserSession.account_id == account_id)
    return (await session.scalars(own.order_by(BrowserSession.created_at.desc(), BrowserSession.id))).all()


async def end(session: AsyncSession, number: int, at: datetime, reason: str | None = None) -> None:
    """Sign a browser out: its token opens nothing from now on. Does nothing where it is over. `reason`: a code."""
    row = await session.get(BrowserSession, number)
    if row is None:
        return
    actor = actor_of(row.account, row.role)
    await session.delete(row)
    await record(session, actor, AuditEvent("sign_out", "account", row.account_id, reason=reason or "browser"), at)


async def end_all(session: AsyncSession, account_id: int | None, at: datetime) -> int:
    """Sign all browsers of an account out. Returns their number."""
    rows = await of_account(session, account_id)
    for row in rows:
        await end(session, row.id, at)
    return len(rows)


async def end_of_chat(session: AsyncSession, chat_id: int, at: datetime) -> None:
    """Sign out the browsers that this chat let in."""
    for number in await session.scalars(select(BrowserSession.id).where(BrowserSession.chat_id == chat_id)):
        await end(session, number, at)


async def delete_old(session: AsyncSession, at: datetime) -> None:
    """Delete sessions that are over, and the counts of passwords typed in browsers a day ago."""
    uncollected = (BrowserSession.token_hash == "") & (BrowserSession.created_at < at - COLLECTED_WITHIN)
    notified = select(PushSubscription.session_id).where(PushSubscription.session_id == BrowserSession.id).exists()
    unused = (BrowserSession.renewed_at < at - TOKEN_LIFETIME - LONGEST) & ~notified
    await session.execute(delete(BrowserSession).where(or_(BrowserSession.ends_at < at, uncollected, unused)))
    await logins.delete_old(session, at)


def _hash(token_id: str) -> str:
    return sha256(token_id.encode()).hexdigest()
