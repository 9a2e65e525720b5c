"""Telephone numbers of accounts: encrypted on the row, found by a keyed hash, proof of identity without a password."""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from models.crypto.keys import hospital_key
from models.tables.accounts import Account
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import AccountError


class PhoneUnknown(AccountError):
    """The shared number is not that of the account."""

    key: ClassVar[str] = "error.phone_unknown"


async def phone_hash(session: AsyncSession, phone: str) -> str:
    """HMAC-SHA256 of the number's digits under the hospital's data key, which outlives rotations of the master key."""
    key = await session.run_sync(lambda sync: hospital_key(sync.connection(), sync.info))
    digits = "".join(filter(str.isdecimal, phone))
    return hmac.new(key.key, f"phone|{digits}".encode(), sha256).hexdigest()


async def store_phone(session: AsyncSession, account: Account, phone: str | None) -> None:
    """Set the number together with its hash; None removes both."""
    account.phone = phone
    account.phone_hash = await phone_hash(session, phone) if phone else None


async def turn_whatsapp_on(session: AsyncSession, actor: Actor, phone: str, at: datetime) -> None:
    """Send reports by WhatsApp as well, to this number, which the person has shared as their own."""
    account = await session.get_one(Account, actor.account_id)
    await store_phone(session, account, phone)
    account.whatsapp = True
    await record(session, actor, AuditEvent("phone:given", "account", account.id), at)


async def turn_whatsapp_off(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Send no more reports by WhatsApp; delete the number unless it is the account's proof of identity."""
    account = await session.get_one(Account, actor.account_id)
    account.whatsapp = False
    if account.password_hash is not None:
        await store_phone(session, account, None)
    await record(session, actor, AuditEvent("phone:removed", "account", account.id), at)


async def require_own_phone(session: AsyncSession, actor: Actor, phone: str | None) -> None:
    """Raise PhoneUnknown unless this number, shared as the sender's own, is that of an account without a password."""
    account = await session.get_one(Account, actor.account_id)
    shared = await phone_hash(session, phone) if phone else ""
    known = account.phone_hash if account.password_hash is None else None
    if known is None or not hmac.compare_digest(known, shared):
        raise PhoneUnknown
