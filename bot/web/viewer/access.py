"""Sessions of the viewer: Telegram's init data, exchanged once for a short token that is checked at each request."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import jwt
from aiogram.utils.web_app import safe_parse_webapp_init_data
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import Services
from bot.web.bodies import read_body
from models.tables.accounts import ChatLink
from workflow.accounts import logins, sessions
from workflow.accounts.browsers import sessions as browsers
from workflow.actors import Actor

INIT_DATA_AGE: Final = timedelta(minutes=5)  # aiogram checks the signature and not the age
AHEAD: Final = timedelta(minutes=1)  # of Telegram's clock before ours
MAX_INIT_DATA: Final = 16_384  # bytes; Telegram's own are below 4 KB
LIFETIME: Final = timedelta(minutes=30)
ALGORITHM: Final = "HS256"
KEY_ID: Final = "viewer-1"  # a new one with a new purpose ends every session
PURPOSE: Final = b"csss viewer session 1"
CLAIMS: Final = ("sub", "chat", "role", "linked", "exp")


class Unauthorised(Exception):
    """The init data or the session are not valid, or the chat is signed out or locked since."""


class Viewer(NamedTuple):
    """A person with an open session, and its chat."""

    actor: Actor
    chat_id: int


class Opening(NamedTuple):
    """The private chat of the person whom Telegram names, and the seal of these init data."""

    chat_id: int
    seal: str


async def init_data_of(request: web.Request) -> str:
    """The text in the body `{"init_data": "…"}`. Raises Unauthorised for any other body."""
    if (request.content_length or MAX_INIT_DATA + 1) > MAX_INIT_DATA:  # before the body is read
        raise Unauthorised
    try:
        given = json.loads(await read_body(request, MAX_INIT_DATA))
    except (ValueError, RecursionError) as error:
        raise Unauthorised from error
    found = given.get("init_data") if isinstance(given, dict) else None
    if not isinstance(found, str):
        raise Unauthorised
    return found


def read_init_data(init_data: str, token: str, now: datetime) -> Opening:
    """Raises Unauthorised for forged and for old init data."""
    try:
        data = safe_parse_webapp_init_data(token, init_data)
    except ValueError as error:
        raise Unauthorised from error
    if data.user is None or not now - INIT_DATA_AGE <= data.auth_date <= now + AHEAD:
        raise Unauthorised
    return Opening(data.user.id, data.hash)  # a private chat has its user's number


async def use_init_data(session: AsyncSession, opening: Opening, now: datetime) -> None:
    """Exchange these init data; commit it. Raises Unauthorised where they were exchanged before."""
    if not await logins.use_once(session, opening.seal, now):
        raise Unauthorised


async def open_session(session: AsyncSession, services: Services, chat_id: int) -> str:
    """A token bound to the chat's sign-in, account and role. Raises Unauthorised for a chat without one."""
    actor, linked = await _actor(session, services, chat_id)
    facts = {"sub": str(actor.account_id), "chat": chat_id, "role": actor.role.value, "linked": linked}
    facts["exp"] = services.now() + LIFETIME
    return jwt.encode(facts, _key(services.secret_key), ALGORITHM, headers={"kid": KEY_ID})


async def viewer_of(session: AsyncSession, services: Services, authorization: str) -> Viewer:
    """The person behind an Authorization header. Raises Unauthorised."""
    scheme, _, token = authorization.partition(" ")
    try:
        if scheme.lower() != "bearer" or jwt.get_unverified_header(token).get("kid") != KEY_ID:
            raise Unauthorised
        # PyJWT compares with the system's clock, and the age is compared with ours below
        options: jwt.types.Options = {"require": list(CLAIMS), "verify_exp": False}
        claims = jwt.decode(token, _key(services.secret_key), [ALGORITHM], options=options)
    except (jwt.PyJWTError, UnicodeError) as error:  # PyJWT encodes whatever bytes the header had
        raise Unauthorised from error
    if services.now().timestamp() >= claims["exp"]:
        raise Unauthorised
    actor, linked = await _actor(session, services, claims["chat"])
    if (str(actor.account_id), actor.role.value, linked) != (claims["sub"], claims["role"], claims["linked"]):
        raise Unauthorised
    return Viewer(actor, claims["chat"])


async def _actor(session: AsyncSession, services: Services, chat_id: int) -> tuple[Actor, str]:
    """The actor in a chat or a browser, and the moment of its sign-in."""
    if browsers.is_browser(chat_id):
        return await _browser(session, services, chat_id)
    actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
    link = await session.get(ChatLink, chat_id)
    if actor is None or actor.locked or link is None:
        raise Unauthorised
    return actor, link.created_at.isoformat()


async def _browser(session: AsyncSession, services: Services, number: int) -> tuple[Actor, str]:
    row, now = await browsers.find(session, number), services.now()
    try:
        actor = browsers.actor_in(row, now, now - services.idle_limit) if row is not None else None
    except browsers.SessionEnded as error:
        raise Unauthorised from error
    if row is None or actor is None or actor.locked:
        raise Unauthorised
    return actor, row.created_at.isoformat()


def _key(secret_key: bytes) -> bytes:
    return hmac.new(secret_key, PURPOSE, hashlib.sha256).digest()
