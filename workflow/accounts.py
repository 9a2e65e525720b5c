"""Accounts, the chats linked to them, and invitations to the staff."""

import secrets
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.chats import Card, Form
from models.codes import Code, Purpose
from models.people import Account, Invite, Link, Role, Sex
from workflow.actors import Actor, actor_of
from workflow.audit import Entry, Outcome, note
from workflow.cards import show
from workflow.codes import Verdict, judge, open_code, send_code
from workflow.errors import (
    AlreadyLinked,
    InviteInvalid,
    LastAdministrator,
    LoginFailed,
    LoginLocked,
    NotAllowed,
    NotLinked,
)
from workflow.jobs import JobKind, enqueue

LOGIN_TRIES: Final = 5
LOGIN_PAUSE: Final = timedelta(minutes=15)
INVITE_LIFETIME: Final = timedelta(days=3)
STAFF: Final = (Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR)


class Person(NamedTuple):
    """What somebody tells about himself at registration."""

    name: str
    email: str
    password_hash: str
    language: str = "en"
    date_of_birth: date | None = None
    sex: Sex = Sex.UNKNOWN
    registration_number: str | None = None


async def actor_for(session: AsyncSession, chat_id: int) -> Actor | None:
    """Who speaks in this chat."""
    link = await session.get(Link, chat_id)
    return actor_of(link.account) if link else None


async def ask_email_code(session: AsyncSession, chat_id: int, email: str, at: datetime) -> None:
    """Owe a code to this address. An address that has an account already gets a hint instead, and the chat sees
    no difference, not even for a wrong guess: nobody learns here who is a patient."""
    code = Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=chat_id, email=email.lower())
    if await _by_email(session, email) is None:
        await send_code(session, code, at)
        return
    await open_code(session, code, at)
    enqueue(session, JobKind.MAIL_ACCOUNT_EXISTS, at, email=email)


async def confirm_email(
    session: AsyncSession, chat_id: int, email: str, typed: str, key: bytes, at: datetime
) -> Verdict:
    here = (Code.chat_id == chat_id, Code.email == email.lower())
    sent = select(Code).where(Code.purpose == Purpose.CONFIRM_EMAIL, *here)
    return await judge(session, await session.scalar(sent.order_by(Code.id.desc()).limit(1)), typed, key, at)


async def register(
    session: AsyncSession, chat_id: int | None, person: Person, at: datetime, invite: str | None = None
) -> Actor:
    """Make an account. Everybody begins as a patient; only a staff invitation makes it something else."""
    if chat_id is not None and await session.get(Link, chat_id) is not None:
        raise AlreadyLinked
    if await _by_email(session, person.email) is not None:
        raise LoginFailed
    account = await _open(session, person, Role.PATIENT, at)
    if invite is not None:
        await _use_invite(session, invite, account, at)
    if chat_id is not None:
        _link(session, chat_id, account, at)
    await note(session, actor_of(account), Entry("register", "account", account.id), at)
    return actor_of(account)


async def add_staff(session: AsyncSession, person: Person, role: Role, at: datetime) -> Account:
    """The command line's way to the first administrator; not reachable from a chat."""
    account = await _open(session, person, role, at)
    await note(session, None, Entry(f"add:{role}", "account", account.id), at)
    return account


async def password_hash_of(session: AsyncSession, email: str, at: datetime) -> str | None:
    """What a typed password has to match. Raises LoginLocked while the account rests after too many tries."""
    account = await _by_email(session, email)
    if account is not None and account.locked_until is not None and account.locked_until > at:
        raise LoginLocked(minutes=int(LOGIN_PAUSE.total_seconds() // 60))
    return account.password_hash if account else None


async def link(session: AsyncSession, chat_id: int, email: str, at: datetime) -> Actor:
    """Let this chat act for the account. The caller has checked the password."""
    account = await _by_email(session, email)
    if account is None:
        raise LoginFailed
    if await session.get(Link, chat_id) is not None:
        raise AlreadyLinked
    account.failed_logins, account.locked_until = 0, None
    _link(session, chat_id, account, at)
    await note(session, actor_of(account), Entry("sign_in", "account", account.id), at)
    return actor_of(account)


async def note_failed_login(session: AsyncSession, email: str, at: datetime) -> None:
    """Guesses that come at the same moment are counted one after the other."""
    account = await session.scalar(select(Account).where(Account.email == email.lower()).with_for_update())
    if account is None:
        return
    await note(session, None, Entry("sign_in", "account", account.id, outcome=Outcome.REFUSED, reason="password"), at)
    account.failed_logins += 1
    if account.failed_logins >= LOGIN_TRIES:
        account.failed_logins, account.locked_until = 0, at + LOGIN_PAUSE


async def unlink(session: AsyncSession, chat_id: int, at: datetime) -> None:
    """Forget that this chat acts for anybody. The account and its scans stay."""
    link = await session.get(Link, chat_id)
    if link is None:
        raise NotLinked
    await note(session, actor_of(link.account), Entry("sign_out", "account", link.account_id), at)
    await session.delete(link)
    for card in await session.scalars(select(Card).where(Card.chat_id == chat_id)):
        await session.delete(card)
    for form in await session.scalars(select(Form).where(Form.key.contains(f":{chat_id}:"))):
        await session.delete(form)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


async def speak(session: AsyncSession, chat_id: int, language: str, at: datetime) -> None:
    """Remember the language that the person behind this chat reads."""
    link = await session.get(Link, chat_id)
    if link is None:
        raise NotLinked
    link.account.language = language
    for scan_id in await session.scalars(select(Card.scan_id).where(Card.chat_id == chat_id)):
        show(session, scan_id, chat_id, at)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


async def invite(session: AsyncSession, actor: Actor | None, role: Role, at: datetime) -> str:
    """Make a one-time way into a staff role and return its token, which is kept nowhere. None: the command line."""
    if (actor is not None and actor.role is not Role.ADMINISTRATOR) or role not in STAFF:
        raise NotAllowed
    token = secrets.token_urlsafe(32)
    made = Invite(
        token_hash=_hash(token),
        role=role,
        created_by=actor and actor.account_id,
        created_at=at,
        expires_at=at + INVITE_LIFETIME,
    )
    session.add(made)
    await session.flush()
    await note(session, actor, Entry(f"invite:{role}", "invite", made.id), at)
    return token


async def invited_role(session: AsyncSession, token: str, at: datetime) -> Role:
    """What this invitation is for. Raises InviteInvalid when it is unknown, used or too old."""
    found = await session.scalar(select(Invite).where(Invite.token_hash == _hash(token)))
    if found is None or found.used_at is not None or found.expires_at <= at:
        raise InviteInvalid
    return found.role


async def accept_invite(session: AsyncSession, chat_id: int, token: str, at: datetime) -> Actor:
    """Somebody who has an account already joins the staff, or changes place in it."""
    link = await session.get(Link, chat_id)
    if link is None:
        raise NotLinked
    await _use_invite(session, token, link.account, at)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)
    return actor_of(link.account)


async def _use_invite(session: AsyncSession, token: str, account: Account, at: datetime) -> None:
    """Atomic: of two who press the same link at once, one gets in."""
    role = await invited_role(session, token, at)
    if account.role is Role.ADMINISTRATOR and role is not Role.ADMINISTRATOR:
        await _keep_one_administrator(session)
    free = (Invite.token_hash == _hash(token), Invite.used_at.is_(None))
    used = await session.execute(
        update(Invite).where(*free).values(used_at=at, used_by=account.id).returning(Invite.id)
    )
    if used.scalar_one_or_none() is None:
        raise InviteInvalid
    account.role = role
    await note(session, actor_of(account), Entry(f"join:{role}", "account", account.id), at)


async def _keep_one_administrator(session: AsyncSession) -> None:
    """Holds them all, so that of the last two only one can leave."""
    administrators = select(Account.id).where(Account.role == Role.ADMINISTRATOR).order_by(Account.id)
    if len((await session.scalars(administrators.with_for_update())).all()) <= 1:
        raise LastAdministrator


async def _open(session: AsyncSession, person: Person, role: Role, at: datetime) -> Account:
    account = Account(**person._replace(email=person.email.lower())._asdict(), role=role, created_at=at)
    session.add(account)
    await session.flush()
    return account


def _link(session: AsyncSession, chat_id: int, account: Account, at: datetime) -> None:
    session.add(Link(chat_id=chat_id, account_id=account.id, created_at=at))
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


async def _by_email(session: AsyncSession, email: str) -> Account | None:
    account: Account | None = await session.scalar(select(Account).where(Account.email == email.lower()))
    return account


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
