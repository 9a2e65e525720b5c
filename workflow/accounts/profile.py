"""An account's address and language."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, BrowserSession, ChatLink
from models.tables.chats import Card, ChatLanguage
from workflow.jobs import JobKind, enqueue
from workflow.scans.cards import enqueue_card

STRANGER_RETENTION: Final = timedelta(days=90)  # of the language of a chat that never registers


async def account_by_email(session: AsyncSession, email: str) -> Account | None:
    """The account with this address, in any letter case; None where there is none."""
    account: Account | None = await session.scalar(select(Account).where(Account.email == email.lower()))
    return account


async def linked_account(session: AsyncSession, chat_id: int, email: str) -> Account | None:
    """The account with this address if the chat, or the signed-in browser of this number, is linked to it."""
    link: ChatLink | BrowserSession | None = await session.get(ChatLink, chat_id)
    if link is None:
        link = await session.get(BrowserSession, chat_id)
    return link.account if link is not None and link.account.email == email.lower() else None


async def language_of(session: AsyncSession, email: str) -> str | None:
    """The language of the account with this address; None where there is none."""
    account = await account_by_email(session, email)
    return account.language if account else None


async def set_language(session: AsyncSession, chat_id: int, language: str, at: datetime) -> None:
    """Set the language of the chat's account, or of the chat while it has none, and redraw its cards and menu."""
    link = await session.get(ChatLink, chat_id)
    if link is None:
        await session.merge(ChatLanguage(chat_id=chat_id, language=language, chosen_at=at))
    else:
        link.account.language = language
    for scan_id in await session.scalars(select(Card.scan_id).where(Card.chat_id == chat_id)):
        enqueue_card(session, scan_id, chat_id, at)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


async def set_language_of(session: AsyncSession, account_id: int | None, language: str, at: datetime) -> None:
    """Set the language of an account, from a browser: in all its chats."""
    (await session.get_one(Account, account_id)).language = language
    for chat_id in await session.scalars(select(ChatLink.chat_id).where(ChatLink.account_id == account_id)):
        await set_language(session, chat_id, language, at)


async def chosen_language(session: AsyncSession, chat_id: int) -> str | None:
    """The language chosen in a chat without an account; None before the choice."""
    chosen: str | None = await session.scalar(select(ChatLanguage.language).where(ChatLanguage.chat_id == chat_id))
    return chosen


async def delete_old_choices(session: AsyncSession, at: datetime) -> None:
    """Delete the languages of chats that did not register within `STRANGER_RETENTION`."""
    await session.execute(delete(ChatLanguage).where(ChatLanguage.chosen_at < at - STRANGER_RETENTION))
