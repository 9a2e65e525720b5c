"""Signed tokens: of a signed-in browser or program for an hour, of a sign-in that is under way for a while."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import jwt

from workflow.accounts.browsers.sessions import TOKEN_LIFETIME, is_browser

DOOR_LIFETIME: Final = timedelta(minutes=15)
ALGORITHM: Final = "HS256"
PURPOSE: Final = "csss desk"
CLAIMS: Final = ("sub", "sid", "jti", "iat", "exp")


class TokenInvalid(Exception):
    """The token is forged, of another kind, or expired."""


class Token(NamedTuple):
    """The session's number, the account, and the token's own id; `issued` in seconds of Unix time."""

    number: int
    account_id: int
    token_id: str
    issued: float


def session_token(key: bytes, number: int, account_id: int, token_id: str, at: datetime) -> str:
    """A JWT for `TOKEN_LIFETIME`, signed with the key of the day, whose date is the key's id."""
    claims = {"sub": str(account_id), "sid": str(number), "jti": token_id, "iat": at, "exp": at + TOKEN_LIFETIME}
    return _encode(key, "session", claims, at)


def read_session_token(key: bytes, text: str, at: datetime) -> Token:
    """Raises TokenInvalid."""
    claims = _decode(key, "session", text, at, CLAIMS)
    try:
        return Token(int(claims["sid"]), int(claims["sub"]), str(claims["jti"]), float(claims["iat"]))
    except (TypeError, ValueError) as error:
        raise TokenInvalid from error


def door_token(key: bytes, number: int, at: datetime) -> str:
    """A token that lets this browser go on with its sign-in under `number`."""
    return _encode(key, "door", {"sid": str(number), "iat": at, "exp": at + DOOR_LIFETIME}, at)


def read_door_token(key: bytes, text: str, at: datetime) -> int:
    """The number for this sign-in. Raises TokenInvalid."""
    number = int(_decode(key, "door", text, at, ("sid", "exp"))["sid"])
    if not is_browser(number):
        raise TokenInvalid
    return number


def form_token(key: bytes, number: int) -> str:
    """The hidden field of every form of the session or sign-in with this number."""
    return hmac.new(_key(key, "form", ""), str(number).encode(), hashlib.sha256).hexdigest()


def _encode(key: bytes, kind: str, claims: dict[str, Any], at: datetime) -> str:
    day = f"{at:%Y-%m-%d}"
    return jwt.encode(claims, _key(key, kind, day), ALGORITHM, headers={"kid": day})


def _decode(key: bytes, kind: str, text: str, at: datetime, required: tuple[str, ...]) -> dict[str, Any]:
    """The claims; keys of today and of the day before are valid, so that a token outlives midnight."""
    days = {f"{at - timedelta(days=back):%Y-%m-%d}" for back in (0, 1)}
    try:
        day = jwt.get_unverified_header(text).get("kid")
        if day not in days:
            raise TokenInvalid
        # PyJWT compares with the system's clock, and the age is compared with ours below
        options: jwt.types.Options = {"require": list(required), "verify_exp": False, "verify_iat": False}
        claims: dict[str, Any] = jwt.decode(text, _key(key, kind, day), [ALGORITHM], options=options)
    except (jwt.PyJWTError, UnicodeError) as error:  # PyJWT encodes whatever bytes a header had
        raise TokenInvalid from error
    if at.timestamp() >= claims["exp"]:
        raise TokenInvalid
    return claims


def _key(key: bytes, kind: str, day: str) -> bytes:
    return hmac.new(key, f"{PURPOSE} {kind} {day}".encode(), hashlib.sha256).digest()
