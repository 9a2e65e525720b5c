"""Cookies of signed-in browsers: for this host and its pages alone, out of reach of scripts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from aiohttp import web

SESSION_COOKIE: Final = "__Host-csss"  # the prefix keeps other hosts of the domain from setting it
APP_COOKIE: Final = "__Host-csss-app"  # of a page that Telegram shows inside its own
DOOR_COOKIE: Final = "__Host-csss-door"


def set_cookie(
    response: web.StreamResponse, name: str, value: str, lifetime: timedelta, *, framed: bool = False
) -> None:
    """A cookie that goes to the own pages alone; `framed`, and that of a session there: only inside Telegram's page."""
    seconds = int(lifetime.total_seconds())
    if not framed and name != APP_COOKIE:
        response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Strict")
        return
    # by hand: Python knows the attribute "Partitioned" from 3.14 on
    kept = f"Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
    response.headers.add("Set-Cookie", f"{name}={value}; {kept}")


def drop_cookie(response: web.StreamResponse, name: str) -> None:
    """Delete a cookie, with the attributes with which it was set."""
    set_cookie(response, name, "", timedelta(0))


def cookie_of(request: web.Request, names: Sequence[str]) -> str:
    """The first of these cookies that the browser sends; the last name where it sends none."""
    return next((name for name in names if request.cookies.get(name)), names[-1])
