"""The outcome of one check, and what every check may use."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import aiohttp
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import Settings
from models.base import Sessions
from models.crypto.keys import KeyEncryptionKeys
from workflow.audit.chain import Source, audited_sessions


class Level(StrEnum):
    """Green: in order. Yellow: works, and somebody should look at it. Red: the bot cannot do its work."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Outcome(NamedTuple):
    """The finding and the operator's next step, without health data, addresses of people and secrets."""

    level: Level
    state: str
    action: str = ""


class Context(NamedTuple):
    """`engine` is None where there is no database yet: nothing is created by looking."""

    settings: Settings
    engine: AsyncEngine | None
    http: aiohttp.ClientSession
    now: datetime

    def sessions(self, key: bytes, keks: KeyEncryptionKeys) -> Sessions:
        """Sessions to read with. Raises NoDatabase."""
        return audited_sessions(self.require_engine(), key, Source.COMMAND_LINE, keks)

    def require_engine(self) -> AsyncEngine:
        """The engine. Raises NoDatabase."""
        if self.engine is None:
            raise NoDatabase
        return self.engine


class NoDatabase(Exception):
    """There is no database to look into."""


def green(state: str) -> Outcome:
    return Outcome(Level.GREEN, state)


def yellow(state: str, action: str) -> Outcome:
    return Outcome(Level.YELLOW, state, action)


def red(state: str, action: str) -> Outcome:
    return Outcome(Level.RED, state, action)
