"""Sign-in sessions: the chats linked to an account, locked after long disuse."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from models.tables.accounts import Account, BrowserSession, ChatLink
from models.tables.chats import Card, ChatLanguage, Form
from models.tables.codes import Change
from workflow.accounts import logins
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.profile import account_by_email
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.credentials import changes
from workflow.desk import tickets
from workflow.errors import (
    AlreadyLinked,
    LoginFailed,
    NotFound,
    NotLinked,
)
from workflow.jobs import JobKind, enqueue
from workflow.scans.cards import enqueue_card

SEEN_PRECISION: Final = timedelta(minutes=5)  # precision of `seen_at`, so that not every update writes


class Place(NamedTuple):
    """A chat or a browser in which an account is signed in; see `browsers.is_browser`."""

    number: int
    label: str
    since: datetime
    seen_at: datetime


async def places(session: AsyncSession, actor: Actor) -> list[Place]:
    """Where the actor is signed in: the chats, then the browsers, each newest first."""
    chats = [Place(one.chat_id, one.label, one.created_at, one.seen_at) for one in await linked_chats(session, actor)]
    rows = await browsers.of_account(session, actor.account_id)
    return [*chats, *(Place(one.id, f"💻 {one.label}", one.created_at, one.seen_at) for one in rows)]


async def linked_chats(session: AsyncSession, actor: Actor) -> Sequence[ChatLink]:
    """The actor's linked chats, newest first."""
    links = select(ChatLink).where(ChatLink.account_id == actor.account_id)
    return (await session.scalars(links.order_by(ChatLink.created_at.desc(), ChatLink.chat_id))).all()


async def end(session: AsyncSession, actor: Actor, chat_id: int, here: int, at: datetime) -> None:
    """Sign out one of the actor's chats or browsers from the chat `here`. Raises NotFound for any other one."""
    if browsers.is_browser(chat_id):
        browser = await session.get(BrowserSession, chat_id)
        if browser is None or browser.account_id != actor.account_id:
            raise NotFound
        await browsers.end(session, chat_id, at)
        return
    link = await session.get(ChatLink, chat_id)
    if link is None or link.account_id != actor.account_id:
        raise NotFound
    await sign_out(session, chat_id, at)
    await changes.note(session, actor.account_id, Change.SIGN_OUT, at, here, ended=[chat_id])


async def end_others(session: AsyncSession, actor: Actor, keep: int, at: datetime) -> int:
    """Sign out all browsers, and all chats except `keep`, of the actor. Returns their number."""
    others = [link.chat_id for link in await linked_chats(session, actor) if link.chat_id != keep]
    for chat_id in others:
        await sign_out(session, chat_id, at)
    if others:
        await changes.note(session, actor.account_id, Change.SIGN_OUT, at, keep, ended=others)
    return len(others) + await browsers.end_all(session, actor.account_id, at)


async def touch(session: AsyncSession, chat_id: int, at: datetime) -> None:
    """Record that the chat is in use, at most once per `SEEN_PRECISION`."""
    await session.execute(
        update(ChatLink).where(ChatLink.chat_id == chat_id, ChatLink.seen_at < at - SEEN_PRECISION).values(seen_at=at)
    )


async def unlock(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> None:
    """Unlock a chat after the password was checked, and redraw its cards."""
    await session.execute(update(ChatLink).where(ChatLink.chat_id == chat_id).values(seen_at=at))
    for scan_id in await session.scalars(select(Card.scan_id).where(Card.chat_id == chat_id)):
        enqueue_card(session, scan_id, chat_id, at)
    await record(session, actor, AuditEvent("unlock", "account", actor.account_id), at)


async def actor_for(session: AsyncSession, chat_id: int, locked_before: datetime | None = None) -> Actor | None:
    """The actor of this chat; None when it is not linked.

    A chat last used before `locked_before` is locked: it shows no health data until it is unlocked."""
    with_roles = joinedload(ChatLink.account).joinedload(Account.additional_roles)  # one query for every update
    link = await session.get(ChatLink, chat_id, options=[with_roles])
    if link is None:
        return None
    locked = locked_before is not None and link.seen_at < locked_before
    actor = actor_of(link.account, link.role)
    return actor._replace(seen_at=link.seen_at, proved_at=link.proved_at, locked=locked, roles=link.account.roles)


async def sign_in(session: AsyncSession, chat_id: int, email: str, at: datetime, label: str = "") -> Actor:
    """Link this chat to the account. The caller has checked the password. Raises LoginFailed or AlreadyLinked."""
    account = await account_by_email(session, email)
    if account is None:
        raise LoginFailed
    if await session.get(ChatLink, chat_id) is not None:
        raise AlreadyLinked
    await create_link(session, chat_id, account, at, label)
    for counted in (logins.reset_key(email), logins.factor_key(account.id)):
        await logins.forget_failures(session, counted)
    await changes.note(session, account.id, Change.SIGN_IN, at, chat_id)
    await record(session, actor_of(account), AuditEvent("sign_in", "account", account.id), at)
    return actor_of(account)


async def create_link(session: AsyncSession, chat_id: int, account: Account, at: datetime, label: str = "") -> None:
    """Link a chat to an account, whose language it reads from now on, and redraw its menu."""
    await session.execute(delete(ChatLanguage).where(ChatLanguage.chat_id == chat_id))
    session.add(ChatLink(chat_id=chat_id, account_id=account.id, created_at=at, seen_at=at, label=label[:80]))
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


async def sign_out(session: AsyncSession, chat_id: int, at: datetime) -> None:
    """Remove the chat's link, cards and forms, and the browsers it let in; account and scans stay. Raises NotLinked."""
    link = await session.get(ChatLink, chat_id)
    if link is None:
        raise NotLinked
    await record(session, actor_of(link.account, link.role), AuditEvent("sign_out", "account", link.account_id), at)
    await session.delete(link)
    await session.flush()
    await tickets.end_on_sign_out(session, link, at)
    await browsers.end_of_chat(session, chat_id, at)
    for card in await session.scalars(select(Card).where(Card.chat_id == chat_id)):
        await session.delete(card)
    for form in await session.scalars(select(Form).where(Form.key.contains(f":{chat_id}:"))):
        await session.delete(form)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)
