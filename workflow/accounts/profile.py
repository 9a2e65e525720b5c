"""An account's address, language and phone number."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink
from models.tables.chats import Card
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import (
    NotLinked,
)
from workflow.jobs import JobKind, enqueue
from workflow.scans.cards import enqueue_card


async def account_by_email(session: AsyncSession, email: str) -> Account | None:
    """The account with this address, in any letter case; None where there is none."""
    account: Account | None = await session.scalar(select(Account).where(Account.email == email.lower()))
    return account


async def language_of(session: AsyncSession, email: str) -> str | None:
    """The language of the account with this address; None where there is none."""
    account = await account_by_email(session, email)
    return account.language if account else None


async def set_language(session: AsyncSession, chat_id: int, language: str, at: datetime) -> None:
    """Set the language of the chat's account and redraw its cards and menu. Raises NotLinked."""
    link = await session.get(ChatLink, chat_id)
    if link is None:
        raise NotLinked
    link.account.language = language
    for scan_id in await session.scalars(select(Card.scan_id).where(Card.chat_id == chat_id)):
        enqueue_card(session, scan_id, chat_id, at)
    enqueue(session, JobKind.SHOW_MENU, at, chat_id=chat_id)


async def set_phone(session: AsyncSession, actor: Actor, phone: str | None, at: datetime) -> None:
    """Set the WhatsApp number for reports; None removes it."""
    account = await session.get_one(Account, actor.account_id)
    account.phone = phone
    await record(session, actor, AuditEvent("phone:given" if phone else "phone:removed", "account", account.id), at)
