"""Registration of accounts."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink
from models.tables.codes import Code, Purpose
from models.vocabulary import Role, Sex
from workflow.accounts import roles
from workflow.accounts.chats import phones
from workflow.accounts.codes import Verdict, latest_code, send_code, verify_code
from workflow.accounts.invitations import use_invite
from workflow.accounts.profile import account_by_email
from workflow.accounts.sessions import create_link
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, record
from workflow.consent import NOTICE_VERSION
from workflow.errors import (
    AlreadyLinked,
    LoginFailed,
)
from workflow.jobs import JobKind


class Person(NamedTuple):
    """Personal data given at registration: address and password, or a patient's telephone in their place."""

    name: str
    email: str | None = None
    password_hash: str | None = None
    language: str = "en"
    date_of_birth: date | None = None
    sex: Sex = Sex.UNKNOWN
    registration_number: str | None = None
    phone: str | None = None
    birth_estimated: bool = False  # counted from an age or a year alone


async def request_email_code(session: AsyncSession, chat_id: int, email: str, language: str, at: datetime) -> None:
    """Mail a confirmation code to this address.

    An address that is registered already gets a notice instead; the chat sees no difference, not even for a wrong code,
    so that it does not reveal who is a patient."""
    code = Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=chat_id, email=email.lower(), language=language)
    known = await account_by_email(session, email) is not None
    await send_code(session, code, at, JobKind.MAIL_ACCOUNT_EXISTS if known else JobKind.MAIL_CODE)


async def verify_email_code(
    session: AsyncSession, chat_id: int, email: str, typed: str, key: bytes, at: datetime
) -> Verdict:
    """Verify the newest confirmation code of this chat and address."""
    return await verify_code(
        session,
        await latest_code(session, Purpose.CONFIRM_EMAIL, Code.chat_id == chat_id, Code.email == email.lower()),
        typed,
        key,
        at,
    )


async def register(
    session: AsyncSession,
    chat_id: int | None,
    person: Person,
    at: datetime,
    invite: str | None = None,
    label: str = "",
) -> Actor:
    """Create an account and link it to the chat. The role is patient, or the invitation's.

    Raises AlreadyLinked, LoginFailed (the address is registered), InviteInvalid or InviteForOther."""
    if chat_id is not None and await session.get(ChatLink, chat_id) is not None:
        raise AlreadyLinked
    if person.email is not None and await account_by_email(session, person.email) is not None:
        raise LoginFailed
    account = await _create_account(session, person, Role.PATIENT, at)
    if invite is not None:
        account.role, inviter = await use_invite(session, invite, account, at)
        roles.note_start(account, account.role, at, inviter)
    if chat_id is not None:
        await create_link(session, chat_id, account, at, label)
    event = AuditEvent("register", "account", account.id, account.id, reason=f"notice:{NOTICE_VERSION}")
    await record(session, actor_of(account), event, at)
    return actor_of(account)


async def add_staff(session: AsyncSession, person: Person, role: Role, at: datetime) -> Account:
    """Create a staff account from the command line; not reachable from a chat."""
    account = await _create_account(session, person, role, at)
    await record(session, None, AuditEvent(f"add:{role}", "account", account.id), at)
    return account


async def _create_account(session: AsyncSession, person: Person, role: Role, at: datetime) -> Account:
    facts = person._asdict() | {"email": person.email and person.email.lower()}
    phone = facts.pop("phone")
    account = Account(**facts, role=role, created_at=at, whatsapp=phone is None)
    await phones.store_phone(session, account, phone)
    session.add(account)
    await session.flush()
    return account
