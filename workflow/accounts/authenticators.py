"""An authenticator app as second factor (RFC 6238). Its secret is derived from the house's key and lies nowhere; a code
of the app counts once, and a recovery code counts once in its place."""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from typing import Final

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.codes import Authenticator, RecoveryCode
from models.tables.people import Account
from workflow.actors import Actor
from workflow.audit.chain import Entry, Outcome, note
from workflow.errors import AuthenticatorThere, NotFound
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb, allow

SECRET: Final = 20  # bytes, as RFC 4226 recommends
DRIFT: Final = (-1, 0, 1)  # steps of half a minute by which the two clocks may differ
SPARE: Final = 10  # recovery codes
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


async def is_enrolled(session: AsyncSession, account_id: int | None) -> bool:
    kept = await session.get(Authenticator, account_id) if account_id is not None else None
    return kept is not None and kept.confirmed_at is not None


async def enrol(session: AsyncSession, actor: Actor, issuer: str, key: bytes, at: datetime) -> str:
    """Begin afresh; the address for the QR picture. Nothing counts until a first code confirms it."""
    allow(actor, Verb.SET_AUTHENTICATOR)
    if await is_enrolled(session, actor.account_id):
        raise AuthenticatorThere
    account = await session.get_one(Account, actor.account_id)
    made = Authenticator(account_id=account.id, nonce=secrets.token_hex(16), last_counter=0, created_at=at)
    kept = await session.merge(made)
    return _totp(kept, key).provisioning_uri(name=account.email, issuer_name=issuer)


async def confirm(session: AsyncSession, actor: Actor, typed: str, key: bytes, at: datetime) -> list[str] | None:
    """The app shows what we expect: it counts from now on. The recovery codes, never to be seen again; None: wrong."""
    kept = await session.get_one(Authenticator, actor.account_id)
    if not await _counts(session, kept, typed, key, at):
        return None
    kept.confirmed_at = at
    spare = [_spare() for _ in range(SPARE)]
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == kept.account_id))
    session.add_all(RecoveryCode(account_id=kept.account_id, digest=_digest(kept, code, key)) for code in spare)
    await note(session, actor, Entry("enrol_authenticator", "account", actor.account_id), at)
    return spare


async def accepts(session: AsyncSession, account_id: int | None, typed: str, key: bytes, at: datetime) -> bool:
    """Whether this is a code of the app, or a recovery code, that was never used; it is used up with this."""
    kept = await session.get(Authenticator, account_id) if account_id is not None else None
    if kept is None or kept.confirmed_at is None:
        return False
    return await _counts(session, kept, typed, key, at) or await _recovers(session, kept, typed, key, at)


async def remove(session: AsyncSession, actor: Actor, typed: str, key: bytes, at: datetime) -> bool:
    """Whoever takes it away must still have it, or a recovery code. The caller has counted the guess."""
    right = await accepts(session, actor.account_id, typed, key, at)
    outcome = Outcome.OK if right else Outcome.REFUSED
    await note(session, actor, Entry("remove_authenticator", "account", actor.account_id, outcome=outcome), at)
    if right:
        await forget(session, actor.account_id)
    return right


async def reset(session: AsyncSession, email: str, at: datetime) -> bool:
    """Take it away from who has lost it and every recovery code; who runs the server vouches for the person, and the
    person hears of it in chat and by mail. False where there is none. Raises NotFound."""
    account = await session.scalar(select(Account).where(Account.email == email.lower()))
    if account is None:
        raise NotFound
    if not await is_enrolled(session, account.id):
        return False
    await forget(session, account.id)
    enqueue(session, JobKind.TELL_AUTHENTICATOR_RESET, at, account_id=account.id, on=at.isoformat())
    await note(session, None, Entry("reset_authenticator", "account", account.id), at)
    return True


async def forget(session: AsyncSession, account_id: int | None) -> None:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    await session.execute(delete(Authenticator).where(Authenticator.account_id == account_id))


async def _counts(session: AsyncSession, kept: Authenticator, typed: str, key: bytes, at: datetime) -> bool:
    """The counter goes up with the very statement that accepts the code: of two who show it at once, one gets in."""
    totp, digits = _totp(kept, key), "".join(typed.split())
    for counter in (totp.timecode(at) + drift for drift in DRIFT):
        if hmac.compare_digest(totp.generate_otp(counter).encode(), digits.encode()):
            later = (Authenticator.account_id == kept.account_id, Authenticator.last_counter < counter)
            used = update(Authenticator).where(*later).values(last_counter=counter)
            return (await session.scalar(used.returning(Authenticator.account_id))) is not None
    return False


async def _recovers(session: AsyncSession, kept: Authenticator, typed: str, key: bytes, at: datetime) -> bool:
    """The database looks for the keyed hash: how far a guess agrees with it tells nothing of the code."""
    mine = (RecoveryCode.account_id == kept.account_id, RecoveryCode.digest.in_([_digest(kept, typed, key)]))
    used = update(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None)).values(used_at=at)
    return (await session.scalar(used.returning(RecoveryCode.id))) is not None


def _totp(kept: Authenticator, key: bytes) -> pyotp.TOTP:
    secret = hmac.new(key, f"authenticator|{kept.account_id}|{kept.nonce}".encode(), sha256).digest()[:SECRET]
    return pyotp.TOTP(b32encode(secret).decode())


def _digest(kept: Authenticator, typed: str, key: bytes) -> str:
    plain = "".join(letter for letter in typed.lower() if letter.isalnum())
    return hmac.new(key, f"recovery|{kept.account_id}|{kept.nonce}|{plain}".encode(), sha256).hexdigest()


def _spare() -> str:
    letters = [secrets.choice(LETTERS) for _ in range(10)]
    return f"{''.join(letters[:5])}-{''.join(letters[5:])}"
