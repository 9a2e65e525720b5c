"""Sign-in of a browser by a link from the chat: the person picks the number that the computer shows."""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import ClassVar, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.codes import Code, Purpose
from models.vocabulary import Role
from workflow.accounts.browsers import sessions
from workflow.accounts.codes import is_open, latest_code, open_code
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.errors import AccountError, NotFound, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize

LINK_LIFETIME: Final = timedelta(minutes=2)
CHOICES: Final = 3  # numbers to choose from
SMALLEST, LARGEST = 10, 99  # numbers of two digits


class ComputerLinkInvalid(AccountError):
    """The link for a computer is used, old or unknown."""

    key: ClassVar[str] = "error.computer_link_invalid"


class Answer(NamedTuple):
    """The number that the person chose in the chat, for one asking browser."""

    code_id: int
    number: int


async def open_link(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> str:
    """A token for one computer, good for two minutes; it opens nothing before `decide`. Raises like `open_code`."""
    authorize(actor, Permission.OPEN_BROWSER)
    token = secrets.token_urlsafe(16)
    own = {"chat_id": chat_id, "account_id": actor.account_id, "email": ""}
    code = await open_code(session, Code(purpose=Purpose.OPEN_BROWSER, content_sha256=_hash(token), **own), at)
    code.expires_at = at + LINK_LIFETIME
    await record(session, actor, AuditEvent("offer_browser", "account", actor.account_id), at)
    return token


async def is_offered(session: AsyncSession, token: str, at: datetime) -> bool:
    """Whether this link still waits for a computer."""
    code = await _code_of(session, token)
    return code is not None and is_open(code, at) and code.asking_chat_id is None


async def ask(session: AsyncSession, token: str, number: int, label: str, at: datetime) -> None:
    """Ask, from the browser with this number, to be signed in. Idempotent. Raises ComputerLinkInvalid."""
    code = await _code_of(session, token, lock=True)
    if code is None or not is_open(code, at) or code.asking_chat_id not in {None, number}:
        raise ComputerLinkInvalid
    if code.asking_chat_id == number:
        return
    code.asking_chat_id, code.asking_label = number, label[:80]
    enqueue(session, JobKind.NOTIFY_BROWSER, at, code_id=code.id)


async def waiting(session: AsyncSession, number: int, at: datetime) -> Code | None:
    """The code on which this browser waits; None where the chat has decided or time has run out."""
    code = await latest_code(session, Purpose.OPEN_BROWSER, Code.asking_chat_id == number)
    return code if code is not None and is_open(code, at) else None


def choices(code: Code, key: bytes) -> tuple[int, list[int]]:
    """The number that the computer shows, and the numbers in ascending order among which the chat chooses."""
    drawn: list[int] = []
    for turn in count():
        bound = f"browser|{code.id}|{code.asking_chat_id}|{turn}"
        number = SMALLEST + int.from_bytes(hmac.digest(key, bound.encode(), "sha256")[:4]) % (LARGEST - SMALLEST + 1)
        if number not in drawn:
            drawn.append(number)
        if len(drawn) == CHOICES:
            break
    return drawn[0], sorted(drawn)


async def decide(session: AsyncSession, actor: Actor, chat_id: int, answer: Answer, key: bytes, at: datetime) -> bool:
    """Sign the asking browser in if the chosen number is the one that it shows; any other one ends the link.

    Returns whether it is signed in. Raises NotFound for a link of another chat, StaleAction for one decided or old."""
    authorize(actor, Permission.OPEN_BROWSER)
    code = await session.get(Code, answer.code_id, with_for_update=True, populate_existing=True)
    made_here = (Purpose.OPEN_BROWSER, actor.account_id, chat_id)
    if code is None or (code.purpose, code.account_id, code.chat_id) != made_here:
        raise NotFound
    if not is_open(code, at) or code.asking_chat_id is None:
        raise StaleAction
    shown, _ = choices(code, key)
    label, code.used_at, code.asking_label = code.asking_label or "", at, None
    if answer.number != shown:
        refused = AuditEvent("offer_browser", "account", actor.account_id, outcome=Outcome.REFUSED, reason="number")
        await record(session, actor, refused, at)
        return False
    account = await session.get_one(Account, actor.account_id)
    role = Role.PATIENT if actor.role is Role.PATIENT else None
    origin = sessions.Origin(label, chat_id, role)
    await sessions.open_session(session, account, code.asking_chat_id, at, origin)
    return True


async def _code_of(session: AsyncSession, token: str, *, lock: bool = False) -> Code | None:
    found = select(Code).where(Code.purpose == Purpose.OPEN_BROWSER, Code.content_sha256 == _hash(token))
    code: Code | None = await session.scalar(found.with_for_update() if lock else found)
    return code


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
