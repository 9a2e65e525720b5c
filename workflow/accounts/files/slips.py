"""Claim slips: a patient opens their own file in Telegram with a one-time link and their birth date or telephone."""

import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.codes import Code, Purpose
from models.tables.proxies import Proxy
from models.vocabulary import Relation, Role
from workflow.accounts.chats import phones
from workflow.accounts.files import proxies
from workflow.accounts.sessions import create_link
from workflow.actors import Actor, actor_of
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.errors import AccountError, NotAllowed
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, require_proof

LIFETIME: Final = timedelta(days=30)
MAX_TRIES: Final = 5  # wrong birth dates; then the telephone alone opens the file
SLACK: Final = timedelta(days=366)  # of a birth date that was counted from an age
PHONE_DIGITS: Final = 9  # equal last digits: the desk may have typed the number without its country code


class SlipInvalid(AccountError):
    """The slip is used, revoked, too old or unknown."""

    key: ClassVar[str] = "error.slip_invalid"


class Claimed(StrEnum):
    """The result of a claim. It is returned, not raised: the transaction has to commit a counted attempt."""

    OPENED = "opened"
    ASK_BIRTH = "ask_birth"
    WRONG = "wrong"
    VOID = "void"


class Claimant(NamedTuple):
    """The chat that opened the slip. `actor`: the patient's account that it has already; `phone`: shared as their own
    number; `born`: the typed birth date."""

    chat_id: int
    actor: Actor | None
    label: str = ""
    phone: str | None = None
    born: date | None = None


async def issue(session: AsyncSession, actor: Actor, patient_id: int, chat_id: int, at: datetime) -> None:
    """Void the file's earlier slips and enqueue a new one for this chat. Raises NotFound or ProofMissing."""
    if actor.role is Role.ADMINISTRATOR:
        require_proof(actor, Permission.ISSUE_SLIP, at)
    patient = await proxies.act_for(session, actor, patient_id)
    if patient.proxy is None:
        raise NotAllowed
    await _void(session, patient_id, at)
    code = Code(purpose=Purpose.CLAIM_FILE, chat_id=chat_id, email="", account_id=patient_id)
    code.created_at, code.expires_at = at, at + LIFETIME
    session.add(code)
    await session.flush()
    await record(session, patient, AuditEvent("issue_slip", "account", patient_id, patient_id), at)
    enqueue(session, JobKind.SEND_SLIP, at, code_id=code.id)


async def revoke(session: AsyncSession, actor: Actor, patient_id: int, at: datetime) -> None:
    """Make every slip of the file void. Raises NotFound."""
    patient = await proxies.act_for(session, actor, patient_id)
    await _void(session, patient_id, at)
    await record(session, patient, AuditEvent("revoke_slip", "account", patient_id, patient_id), at)


def make_token(code: Code) -> str:
    """A new token for a slip, 128 bits; only its hash is stored. One made before is void."""
    token = secrets.token_urlsafe(16)
    code.content_sha256 = _hash(token)
    return token


async def find(session: AsyncSession, token: str, at: datetime, *, by_phone: bool) -> Account:
    """The file that a slip opens. `by_phone`: the claimant will share the own telephone. Raises SlipInvalid."""
    code = await _by_token(session, token)
    if code is None or not _is_open(code, at):
        raise SlipInvalid
    account = await session.get_one(Account, code.account_id)
    if code.attempts >= MAX_TRIES and not (by_phone and account.phone):
        raise SlipInvalid
    return account


async def claim(session: AsyncSession, token: str, claimant: Claimant, at: datetime) -> Claimed:
    """Open the file to the claimant's chat when telephone or birth date fit. Commit whatever the result is.

    A chat without an account is linked to the file and proves itself by its telephone from then on; the account of
    another chat acts for the file as the same person. Everybody else's acting ends, and every slip of the file.
    After `MAX_TRIES` wrong birth dates no birth date fits any more; others who saw the slip cannot use up the
    telephone, for which Telegram vouches."""
    code = await _by_token(session, token)
    if code is None or not _is_open(code, at):
        return Claimed.VOID
    account = await session.get_one(Account, code.account_id)
    used_up = code.attempts >= MAX_TRIES
    if not _phone_fits(account, claimant.phone) and (used_up or not _born_fits(account, claimant.born)):
        if claimant.born is None and not used_up:
            return Claimed.ASK_BIRTH
        code.attempts += not used_up
        reason = "phone" if claimant.born is None else "birth"
        event = AuditEvent("claim_file", "account", account.id, account.id, outcome=Outcome.REFUSED, reason=reason)
        await record(session, claimant.actor, event, at)
        return Claimed.WRONG if code.attempts < MAX_TRIES else Claimed.VOID
    await _open(session, account, claimant, at)
    await _void(session, account.id, at)
    enqueue(session, JobKind.NOTIFY_CLAIMED, at, code_id=code.id)
    return Claimed.OPENED


async def _open(session: AsyncSession, account: Account, claimant: Claimant, at: datetime) -> None:
    acting = update(Proxy).where(Proxy.patient_id == account.id, Proxy.ended_at.is_(None))
    await session.execute(acting.values(ended_at=at))
    if claimant.actor is None:
        if claimant.phone is not None:
            await phones.store_phone(session, account, claimant.phone)
        await create_link(session, claimant.chat_id, account, at, claimant.label)
    else:
        assert claimant.actor.account_id is not None
        own = Proxy(patient_id=account.id, proxy_id=claimant.actor.account_id, relation=Relation.SELF, since=at)
        await session.merge(own)
    owner = claimant.actor or actor_of(account)
    await record(session, owner, AuditEvent("claim_file", "account", account.id, account.id), at)


def _phone_fits(account: Account, shared: str | None) -> bool:
    known, own = ("".join(filter(str.isdecimal, one or "")) for one in (account.phone, shared))
    return len(known) >= PHONE_DIGITS and len(own) >= PHONE_DIGITS and known[-PHONE_DIGITS:] == own[-PHONE_DIGITS:]


def _born_fits(account: Account, typed: date | None) -> bool:
    if typed is None or account.date_of_birth is None:
        return False
    return abs(typed - account.date_of_birth) <= (SLACK if account.birth_estimated else timedelta())


def _is_open(code: Code, at: datetime) -> bool:
    return code.used_at is None and code.expires_at > at


async def _by_token(session: AsyncSession, token: str) -> Code | None:
    found = select(Code).where(Code.purpose == Purpose.CLAIM_FILE, Code.content_sha256 == _hash(token))
    code: Code | None = await session.scalar(found.with_for_update().execution_options(populate_existing=True))
    return code


async def _void(session: AsyncSession, patient_id: int, at: datetime) -> None:
    open_slips = (Code.purpose == Purpose.CLAIM_FILE, Code.account_id == patient_id, Code.used_at.is_(None))
    await session.execute(update(Code).where(*open_slips).values(used_at=at))


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
