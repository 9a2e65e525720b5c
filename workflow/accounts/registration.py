"""Accounts, the chats linked to them, and invitations to the staff."""

import secrets
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from models.tables.chats import Card, Form
from models.tables.codes import Code, Purpose
from models.tables.people import Account, Invite, Link, Role, Sex
from workflow.accounts import roles
from workflow.accounts.codes import Verdict, judge, open_code, send_code
from workflow.actors import Actor, actor_of
from workflow.audit.chain import Entry, Outcome, note
from workflow.desk import tickets
from workflow.errors import (
    AlreadyLinked,
    InviteInvalid,
    LoginFailed,
    NotAllowed,
    NotLinked,
    RoleHeld,
)
from workflow.jobs import JobKind, enqueue
from workflow.permissions import STAFF, Verb, allow
from workflow.scans.cards import show

INVITE_LIFETIME: Final = timedelta(days=3)
ROLES: Final = joinedload(Link.account).joinedload(Account.held)  # with every update: one question instead of two


class Person(NamedTuple):
    """What somebody tells about himself at registration."""

    name: str
    email: str
    password_hash: str
    language: str = "en"
    date_of_birth: date | None = None
    sex: Sex = Sex.UNKNOWN
    registration_number: str | None = None


async def actor_for(session: AsyncSession, chat_id: int, awake: datetime | None = None) -> Actor | None:
    """Who speaks in this chat. A chat not used since `awake` is asleep: it shows no health data until it is woken."""
    link = await session.get(Link, chat_id, options=[ROLES])
    if link is None:
        return None
    asleep = awake is not None and link.seen_at < awake
    actor = actor_of(link.account, link.role)
    return actor._replace(seen_at=link.seen_at, asleep=asleep, roles=link.account.roles)


async def ask_email_code(session: AsyncSession, chat_id: int, email: str, language: str, at: datetime) -> None:
    """Owe a code to this address. An address that has an account already gets a hint instead, and the chat sees
    no difference, not even for a wrong guess: nobody learns here who is a patient."""
    code = Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=chat_id, email=email.lower(), language=language)
    if await _by_email(session, email) is None:
        await send_code(session, code, at)
        return
    await open_code(session, code, at)
    enqueue(session, JobKind.MAIL_ACCOUNT_EXISTS, at, code_id=code.id)


async def language_of(session: AsyncSession, email: str) -> str | None:
    """What the owner of this address reads; None where there is no account."""
    account = await _by_email(session, email)
    return account.language if account else None


async def ask_reset_code(session: AsyncSession, chat_id: int, email: str, language: str, at: datetime) -> None:
    """Owe a code with which a forgotten password is replaced. Where there is no account no mail leaves, and again the
    chat sees no difference."""
    known = await language_of(session, email)
    code = Code(purpose=Purpose.RESET_PASSWORD, chat_id=chat_id, email=email.lower(), language=known or language)
    await (send_code if known else open_code)(session, code, at)


async def confirm_email(
    session: AsyncSession, chat_id: int, email: str, typed: str, key: bytes, at: datetime
) -> Verdict:
    return await judge(session, await _latest(session, Purpose.CONFIRM_EMAIL, chat_id, email), typed, key, at)


async def confirm_reset(
    session: AsyncSession, chat_id: int, email: str, typed: str, key: bytes, at: datetime
) -> Verdict:
    """A wrong guess at somebody's new password is theirs to see; where there is no account there is nothing to see."""
    verdict = await judge(session, await _latest(session, Purpose.RESET_PASSWORD, chat_id, email), typed, key, at)
    account = await _by_email(session, email)
    if account is not None and verdict is not Verdict.RIGHT:
        refused = Entry("set_password", "account", account.id, outcome=Outcome.REFUSED, reason=f"code:{verdict}")
        await note(session, None, refused, at)
    return verdict


async def set_password(session: AsyncSession, chat_id: int, email: str, password_hash: str, at: datetime) -> Actor:
    """The caller has made sure that it is the owner. Every other chat is signed out; this one stays, or signs in."""
    account = await _by_email(session, email)
    if account is None:
        raise LoginFailed
    account.password_hash = password_hash
    for link in await session.scalars(select(Link).where(Link.account_id == account.id, Link.chat_id != chat_id)):
        await unlink(session, link.chat_id, at)
    here = await session.get(Link, chat_id)
    if here is None:
        _link(session, chat_id, account, at)
    elif here.account_id != account.id:
        raise AlreadyLinked
    else:
        here.seen_at = at
    await note(session, actor_of(account), Entry("set_password", "account", account.id), at)
    return actor_of(account)


async def register(
    session: AsyncSession,
    chat_id: int | None,
    person: Person,
    at: datetime,
    invite: str | None = None,
    label: str = "",
) -> Actor:
    """Make an account. Everybody begins as a patient; only a staff invitation makes it something else."""
    if chat_id is not None and await session.get(Link, chat_id) is not None:
        raise AlreadyLinked
    if await _by_email(session, person.email) is not None:
        raise LoginFailed
    account = await _open(session, person, Role.PATIENT, at)
    if invite is not None:
        account.role = await _use_invite(session, invite, account, at)
    if chat_id is not None:
        _link(session, chat_id, account, at, label)
    await note(session, actor_of(account), Entry("register", "account", account.id), at)
    return actor_of(account)


async def add_staff(session: AsyncSession, person: Person, role: Role, at: datetime) -> Account:
    """The command line's way to the first administrator; not reachable from a chat."""
    account = await _open(session, person, role, at)
    await note(session, None, Entry(f"add:{role}", "account", account.id), at)
    return account


async def link(session: AsyncSession, chat_id: int, email: str, at: datetime, label: str = "") -> Actor:
    """Let this chat act for the account. The caller has checked the password."""
    account = await _by_email(session, email)
    if account is None:
        raise LoginFailed
    if await session.get(Link, chat_id) is not None:
        raise AlreadyLinked
    _link(session, chat_id, account, at, label)
    await note(session, actor_of(account), Entry("sign_in", "account", account.id), at)
    return actor_of(account)


async def unlink(session: AsyncSession, chat_id: int, at: datetime) -> None:
    """Forget that this chat acts for anybody. The account and its scans stay."""
    link = await session.get(Link, chat_id)
    if link is None:
        raise NotLinked
    await note(session, actor_of(link.account, link.role), Entry("sign_out", "account", link.account_id), at)
    await session.delete(link)
    await session.flush()
    await tickets.signed_out(session, link, at)
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


async def give_phone(session: AsyncSession, actor: Actor, phone: str | None, at: datetime) -> None:
    """Where the patient wants reports by WhatsApp as well; None ends it."""
    account = await session.get_one(Account, actor.account_id)
    account.phone = phone
    await note(session, actor, Entry("phone:given" if phone else "phone:removed", "account", account.id), at)


async def invite(session: AsyncSession, actor: Actor | None, role: Role, at: datetime) -> str:
    """Make a one-time way into a staff role and return its token, which is kept nowhere. None: the command line."""
    if actor is not None:
        allow(actor, Verb.INVITE)
    if role not in STAFF:
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


async def void_invites(session: AsyncSession, actor: Actor, of: Account, at: datetime) -> None:
    """Who may invite nobody any more has nobody come in by a link that is still on its way."""
    open_ = (Invite.created_by == of.id, Invite.used_at.is_(None), Invite.expires_at > at)
    voided = await session.scalars(update(Invite).where(*open_).values(expires_at=at).returning(Invite.id))
    for invite_id in voided.all():
        await note(session, actor, Entry("void_invite", "invite", invite_id), at)


async def invited_role(session: AsyncSession, token: str, at: datetime) -> Role:
    """What this invitation is for. Raises InviteInvalid when it is unknown, used or too old."""
    found = await session.scalar(select(Invite).where(Invite.token_hash == _hash(token)))
    if found is None or found.used_at is not None or found.expires_at <= at:
        raise InviteInvalid
    return found.role


async def asks_number(session: AsyncSession, token: str | None, at: datetime) -> bool:
    """Whether who joins by this invitation has a registration number. One that is void asks for nothing."""
    try:
        return token is not None and await invited_role(session, token, at) in roles.NUMBERED
    except InviteInvalid:
        return False


async def may_join(session: AsyncSession, actor: Actor, token: str, at: datetime) -> None:
    """Raises RoleHeld, so that who opens a link that was meant for another does not use it up."""
    if await invited_role(session, token, at) in (await session.get_one(Account, actor.account_id)).roles:
        raise RoleHeld


async def accept_invite(
    session: AsyncSession, chat_id: int, token: str, at: datetime, number: str | None = None
) -> Actor:
    """Somebody who has an account already holds one role more; this chat acts in it from now on."""
    link = await session.get(Link, chat_id)
    if link is None:
        raise NotLinked
    await may_join(session, actor_of(link.account), token, at)
    link.role = await _use_invite(session, token, link.account, at)
    roles.give(link.account, link.role, number, at)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)
    return actor_of(link.account, link.role)


async def _use_invite(session: AsyncSession, token: str, account: Account, at: datetime) -> Role:
    """Atomic: of two who press the same link at once, one gets in."""
    role = await invited_role(session, token, at)
    free = (Invite.token_hash == _hash(token), Invite.used_at.is_(None))
    used = await session.execute(
        update(Invite).where(*free).values(used_at=at, used_by=account.id).returning(Invite.id)
    )
    if used.scalar_one_or_none() is None:
        raise InviteInvalid
    await note(session, actor_of(account)._replace(role=role), Entry(f"join:{role}", "account", account.id), at)
    return role


async def _open(session: AsyncSession, person: Person, role: Role, at: datetime) -> Account:
    account = Account(**person._replace(email=person.email.lower())._asdict(), role=role, created_at=at)
    session.add(account)
    await session.flush()
    return account


def _link(session: AsyncSession, chat_id: int, account: Account, at: datetime, label: str = "") -> None:
    session.add(Link(chat_id=chat_id, account_id=account.id, created_at=at, seen_at=at, label=label[:80]))
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


async def _latest(session: AsyncSession, purpose: Purpose, chat_id: int, email: str) -> Code | None:
    here = select(Code).where(Code.purpose == purpose, Code.chat_id == chat_id, Code.email == email.lower())
    code: Code | None = await session.scalar(here.order_by(Code.id.desc()).limit(1))
    return code


async def _by_email(session: AsyncSession, email: str) -> Account | None:
    account: Account | None = await session.scalar(select(Account).where(Account.email == email.lower()))
    return account


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
