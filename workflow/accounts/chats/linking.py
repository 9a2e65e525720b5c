"""A further chat for a patient's account: it asks by a one-time link, and the chat that made the link decides."""

import secrets
from datetime import datetime
from hashlib import sha256
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account, ChatLink
from models.tables.codes import Change, Code, Purpose
from workflow.accounts.codes import is_open, open_code
from workflow.accounts.sessions import create_link
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.credentials import changes
from workflow.errors import AccountError, NotAllowed, NotFound, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.requester import Requester, requester_of


class LinkInvalid(AccountError):
    """The link of a further chat is used, old or unknown."""

    key: ClassVar[str] = "error.link_invalid"


async def open_link(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> str:
    """A token for one other chat, good for ten minutes; it opens nothing before `decide`.

    Raises NotAllowed for staff, who sign in with their password, and what `open_code` raises."""
    if requester_of(actor) is not Requester.PATIENT:
        raise NotAllowed
    token = secrets.token_urlsafe(16)
    code = Code(
        purpose=Purpose.LINK_CHAT, chat_id=chat_id, account_id=actor.account_id, email="", content_sha256=_hash(token)
    )
    await open_code(session, code, at)
    await record(session, actor, AuditEvent("offer_link", "account", actor.account_id), at)
    return token


async def ask_link(session: AsyncSession, token: str, chat_id: int, label: str, at: datetime) -> None:
    """Ask, from a chat without an account, to be linked. Raises LinkInvalid for a used, old or unknown token."""
    code = await session.scalar(
        select(Code).where(Code.purpose == Purpose.LINK_CHAT, Code.content_sha256 == _hash(token)).with_for_update()
    )
    if code is None or not is_open(code, at) or code.asking_chat_id is not None:
        raise LinkInvalid
    code.asking_chat_id, code.asking_label = chat_id, label[:80]
    enqueue(session, JobKind.NOTIFY_CHAT_LINK, at, code_id=code.id)


async def decide(session: AsyncSession, actor: Actor, chat_id: int, code_id: int, yes: bool, at: datetime) -> None:
    """Link the asking chat, or refuse it. Raises NotFound for a link of another chat, StaleAction for one decided."""
    code = await session.get(Code, code_id, with_for_update=True, populate_existing=True)
    made_here = (Purpose.LINK_CHAT, actor.account_id, chat_id)
    if code is None or (code.purpose, code.account_id, code.chat_id) != made_here:
        raise NotFound
    asking = code.asking_chat_id
    if not is_open(code, at) or asking is None or await session.get(ChatLink, asking) is not None:
        raise StaleAction
    label, code.used_at, code.asking_label = code.asking_label or "", at, None
    if yes:
        await create_link(session, asking, await session.get_one(Account, actor.account_id), at, label)
        await changes.note(session, actor.account_id, Change.SIGN_IN, at, asking, chat_id)
        enqueue(session, JobKind.NOTIFY_CHAT_LINK, at, code_id=code.id)
        await record(session, actor, AuditEvent("link_chat", "account", actor.account_id), at)
    else:
        await record(session, actor, AuditEvent("refuse_chat", "account", actor.account_id), at)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
