"""The desk's cookies: for this host and its pages alone, out of reach of scripts."""

from datetime import timedelta
from typing import Final

from aiohttp import web

SESSION_COOKIE: Final = "__Host-csss"  # the prefix keeps other hosts of the domain from setting it
DOOR_COOKIE: Final = "__Host-csss-door"


def set_cookie(response: web.StreamResponse, name: str, value: str, lifetime: timedelta) -> None:
    seconds = int(lifetime.total_seconds())
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Strict")


def drop_cookie(response: web.StreamResponse, name: str) -> None:
    response.del_cookie(name, path="/", secure=True, httponly=True, samesite="Strict")
