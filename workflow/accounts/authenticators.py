"""Authenticator app as second factor (TOTP, RFC 6238) with recovery codes.

The shared secret is derived from the application key and never stored. Each TOTP and recovery code is accepted once."""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from typing import Final
from unicodedata import decimal

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.codes import Authenticator, RecoveryCode
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.errors import AlreadyEnrolled, NotFound
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize

SECRET_BYTES: Final = 20  # as RFC 4226 recommends
CLOCK_STEPS: Final = (-1, 0, 1)  # tolerated clock difference in steps of 30 s
RECOVERY_CODES: Final = 10
ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike


async def is_enrolled(session: AsyncSession, account_id: int | None) -> bool:
    """Whether the account has a confirmed authenticator."""
    enrolment = await session.get(Authenticator, account_id) if account_id is not None else None
    return enrolment is not None and enrolment.confirmed_at is not None


async def enrol(session: AsyncSession, actor: Actor, issuer: str, key: bytes, at: datetime) -> str:
    """Start an enrolment, replacing an unconfirmed one. Returns the `otpauth` URI for the QR code.

    The enrolment counts only after `confirm`. Raises AlreadyEnrolled."""
    authorize(actor, Permission.SET_AUTHENTICATOR)
    if await is_enrolled(session, actor.account_id):
        raise AlreadyEnrolled
    account = await session.get_one(Account, actor.account_id)
    pending = Authenticator(account_id=account.id, nonce=secrets.token_hex(16), last_counter=0, created_at=at)
    enrolment = await session.merge(pending)
    return _totp(enrolment, key).provisioning_uri(name=account.email, issuer_name=issuer)


async def confirm(session: AsyncSession, actor: Actor, typed: str, key: bytes, at: datetime) -> list[str] | None:
    """Complete the enrolment with a first code. Returns the recovery codes, shown only once; None for a wrong code."""
    enrolment = await session.get_one(Authenticator, actor.account_id)
    if not await _use_totp(session, enrolment, typed, key, at):
        return None
    enrolment.confirmed_at = at
    recovery_codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == enrolment.account_id))
    digests = [_digest(enrolment, code, key) for code in recovery_codes]
    session.add_all(RecoveryCode(account_id=enrolment.account_id, digest=digest) for digest in digests)
    await record(session, actor, AuditEvent("enrol_authenticator", "account", actor.account_id), at)
    return recovery_codes


async def verify_factor(session: AsyncSession, account_id: int | None, typed: str, key: bytes, at: datetime) -> bool:
    """Whether `typed` is an unused code of the app or an unused recovery code; it is consumed."""
    enrolment = await session.get(Authenticator, account_id) if account_id is not None else None
    if enrolment is None or enrolment.confirmed_at is None:
        return False
    arguments = (session, enrolment, typed, key, at)
    return await _use_totp(*arguments) or await _use_recovery_code(*arguments)


async def remove(session: AsyncSession, actor: Actor, typed: str, key: bytes, at: datetime) -> bool:
    """Remove the actor's authenticator, proved with a code. The caller has counted the attempt."""
    accepted = await verify_factor(session, actor.account_id, typed, key, at)
    outcome = Outcome.OK if accepted else Outcome.REFUSED
    await record(session, actor, AuditEvent("remove_authenticator", "account", actor.account_id, outcome=outcome), at)
    if accepted:
        await delete_enrolment(session, actor.account_id)
    return accepted


async def reset(session: AsyncSession, email: str, at: datetime) -> bool:
    """Remove the authenticator of a person who lost it; for the operator of the server, who has identified the person.

    The person is notified by chat and mail. Returns False where none is enrolled. Raises NotFound (unknown address)."""
    account = await session.scalar(select(Account).where(Account.email == email.lower()))
    if account is None:
        raise NotFound
    if not await is_enrolled(session, account.id):
        return False
    await delete_enrolment(session, account.id)
    enqueue(session, JobKind.NOTIFY_AUTHENTICATOR_RESET, at, account_id=account.id, on=at.isoformat())
    await record(session, None, AuditEvent("reset_authenticator", "account", account.id), at)
    return True


async def delete_enrolment(session: AsyncSession, account_id: int | None) -> None:
    """Delete the enrolment and its recovery codes."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    await session.execute(delete(Authenticator).where(Authenticator.account_id == account_id))


async def _use_totp(session: AsyncSession, enrolment: Authenticator, typed: str, key: bytes, at: datetime) -> bool:
    """The statement that accepts a code also advances the counter: of two concurrent uses one is accepted."""
    totp, digits = _totp(enrolment, key), "".join(str(decimal(one)) for one in typed if one.isdecimal())
    for counter in (totp.timecode(at) + drift for drift in CLOCK_STEPS):
        if hmac.compare_digest(totp.generate_otp(counter).encode(), digits.encode()):
            later = (Authenticator.account_id == enrolment.account_id, Authenticator.last_counter < counter)
            used = update(Authenticator).where(*later).values(last_counter=counter)
            return (await session.scalar(used.returning(Authenticator.account_id))) is not None
    return False


async def _use_recovery_code(
    session: AsyncSession, enrolment: Authenticator, typed: str, key: bytes, at: datetime
) -> bool:
    """Compared by the database as a keyed hash, so that its timing reveals nothing of the code."""
    entered = RecoveryCode.digest.in_([_digest(enrolment, typed, key)])
    unused = (RecoveryCode.account_id == enrolment.account_id, entered, RecoveryCode.used_at.is_(None))
    used = update(RecoveryCode).where(*unused).values(used_at=at)
    return (await session.scalar(used.returning(RecoveryCode.id))) is not None


def _totp(enrolment: Authenticator, key: bytes) -> pyotp.TOTP:
    bound = f"authenticator|{enrolment.account_id}|{enrolment.nonce}"
    secret = hmac.new(key, bound.encode(), sha256).digest()[:SECRET_BYTES]
    return pyotp.TOTP(b32encode(secret).decode())


def _digest(enrolment: Authenticator, typed: str, key: bytes) -> str:
    plain = "".join(letter for letter in typed.lower() if letter.isalnum())
    return hmac.new(key, f"recovery|{enrolment.account_id}|{enrolment.nonce}|{plain}".encode(), sha256).hexdigest()


def _new_recovery_code() -> str:
    letters = [secrets.choice(ALPHABET) for _ in range(10)]
    return f"{''.join(letters[:5])}-{''.join(letters[5:])}"
