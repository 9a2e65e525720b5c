"""The session of a program: the same sign-in, rows, limits and notices as a browser's, listed and ended with them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal

from pydantic import StringConstraints

from bot.web.api.endpoint import Caller, Guest
from bot.web.api.problems import BEARER, Refusal, refusal_of
from bot.web.api.shapes import NO_NUL, Answer, Body
from bot.web.shared import sign_in, tokens
from bot.web.shared.session import acting, next_token
from bot.web.shared.sign_in import MAX_CODE, MAX_EMAIL, MAX_PASSWORD
from models.base import read_only
from models.tables.codes import Factor
from models.vocabulary import Role
from workflow.accounts import proof, sessions
from workflow.accounts.browsers import sessions as browsers
from workflow.errors import AccountError, CodeError, CodeTooSoon, NotAllowed, StaleAction
from workflow.permissions import PROOF_PERIOD, STAFF

LABEL: Final = "API"  # of the session among the browsers
SECOND: Final = timedelta(seconds=1)  # a token names its moment in whole ones
Email = Annotated[str, StringConstraints(max_length=MAX_EMAIL, pattern=NO_NUL)]
Password = Annotated[str, StringConstraints(max_length=MAX_PASSWORD, pattern=NO_NUL)]
Code = Annotated[str, StringConstraints(max_length=MAX_CODE, pattern=NO_NUL)]


class Credentials(Body):
    """`code`: the present one of an authenticator app, where the account has one."""

    email: Email
    password: Password
    code: Code | None = None


class SecondFactor(Body):
    challenge: Annotated[str, StringConstraints(max_length=2048)]
    code: Code


class Challenge(Answer):
    """The password is right. Send the challenge with the code from the mail or the authenticator app."""

    http_status: ClassVar[int] = 202
    challenge: str
    expires_at: datetime


class AccessToken(Answer):
    """For the header `Authorization: Bearer …`."""

    http_status: ClassVar[int] = 201
    token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_at: datetime


class OwnPassword(Body):
    password: Password


class OwnCode(Body):
    code: Code


class ActiveRole(Body):
    role: Role


class Session(Answer):
    """`proved_until`: how long exports and the like ask for no code; null: they ask."""

    name: str
    role: Role
    roles: list[Role]
    language: str
    token_expires_at: datetime
    proved_until: datetime | None


class Place(Answer):
    """A chat, a browser or a program in which the account is signed in. `here`: this session."""

    label: str
    since: datetime
    seen_at: datetime
    here: bool


class Places(Answer):
    places: list[Place]


async def sign_in_with_password(call: Guest, body: Credentials) -> AccessToken | Challenge:
    """Sign in with email and password; the second factor follows, or is the code of an authenticator app."""
    sign_in.count_attempt(call.request)
    number, now = browsers.new_number(), call.services.now()
    asked = await sign_in.check_password(call.services, number, body.email.strip(), body.password)
    if body.code is not None and asked.factor is Factor.AUTHENTICATOR:
        return await _enter(call, number, body.code)
    text = tokens.door_token(call.services.secret_key, number, now)
    return Challenge(challenge=text, expires_at=now + tokens.DOOR_LIFETIME)


async def sign_in_with_code(call: Guest, body: SecondFactor) -> AccessToken:
    """Finish the sign-in with the second factor; the account's chats are told."""
    try:
        number = tokens.read_door_token(call.services.secret_key, body.challenge, call.services.now())
    except tokens.TokenInvalid:
        raise Refusal(401, headers=BEARER) from None
    sign_in.count_attempt(call.request)
    return await _enter(call, number, body.code)


async def show(call: Caller) -> Session:
    """Show who is signed in, and in which role."""
    actor = call.actor
    return Session(
        name=actor.name,
        role=actor.role,
        roles=[role for role in actor.roles if role in STAFF],
        language=actor.language,
        token_expires_at=_end_of(call.token),
        proved_until=actor.proved_at + PROOF_PERIOD if actor.proved_at else None,
    )


async def places(call: Caller) -> Places:
    """List where the account is signed in. Each is ended in the chat with /sessions."""
    async with read_only(call.services.sessions) as session:
        found = await sessions.places(session, call.actor)
    shown = [
        Place(label=one.label, since=one.since, seen_at=one.seen_at, here=one.number == call.token.number)
        for one in found
    ]
    return Places(places=shown)


async def refresh(call: Caller) -> AccessToken:
    """Exchange the token for a new one; one younger than ten minutes is answered as it is.

    A token that was exchanged opens nothing a minute later, and ends the session: a copy of it is about."""
    following = await next_token(call.services, call.token)
    if following is not None:
        return AccessToken(token=following, expires_at=call.services.now() + browsers.TOKEN_LIFETIME)
    if _issued(call.token) < call.services.now() - browsers.RENEWED_AFTER - SECOND:
        raise StaleAction  # exchanged already
    return AccessToken(token=call.text, expires_at=_end_of(call.token))


async def sign_out(call: Caller) -> None:
    """End this session."""
    async with acting(call.services) as session:
        await browsers.end(session, call.token.number, call.services.now())


async def unlock(call: Caller, body: OwnPassword) -> None:
    """Unlock a session that was long unused with the own password."""
    await sign_in.unlock(call.services, call.actor, call.token.number, body.password)


async def switch_role(call: Caller, body: ActiveRole) -> None:
    """Set the active role of this session."""
    async with acting(call.services) as session:
        await browsers.switch_role(session, call.actor, call.token.number, body.role, call.services.now())


async def ask_proof(call: Caller) -> None:
    """Send a code to the own address, for operations that ask for a recent one."""
    async with acting(call.services) as session:
        await proof.request_code(session, call.actor, call.token.number, call.services.now())


async def prove(call: Caller, body: OwnCode) -> None:
    """Show the code; it counts for a quarter of an hour."""
    key, now = call.services.secret_key, call.services.now()
    async with acting(call.services) as session:
        verdict = await proof.verify(session, call.actor, call.token.number, body.code, key, now)
    verdict.raise_if_wrong()


async def _enter(call: Guest, number: int, code: str) -> AccessToken:
    """Raises Refusal (401) for a wrong code, and where the account may not sign in here any more."""
    try:
        text = await sign_in.check_code(call.services, number, LABEL, code)
    except CodeTooSoon:
        raise
    except (CodeError, NotAllowed, StaleAction, AccountError) as error:
        raise Refusal(401, error.key, values=error.values, headers=BEARER) from None
    if text is None:
        raise refusal_of(browsers.SessionEnded())
    return AccessToken(token=text, expires_at=call.services.now() + browsers.TOKEN_LIFETIME)


def _issued(token: tokens.Token) -> datetime:
    return datetime.fromtimestamp(token.issued, UTC)


def _end_of(token: tokens.Token) -> datetime:
    return _issued(token) + browsers.TOKEN_LIFETIME
