"""Is the report that somebody holds still the clinic's word? Asked with the token printed on it; names nobody."""

import re
from collections import defaultdict, deque
from collections.abc import Hashable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Report

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22}")  # PostgreSQL takes no NUL, and nobody else's text is worth a query
TIMES: Final = 20  # questions of one asker within a minute; 128 bits are beyond guessing, the database is not
WINDOW: Final = timedelta(minutes=1)
MANY: Final = 10_000  # askers remembered before those who fell silent are forgotten


class Standing(StrEnum):
    CURRENT = "current"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"  # the person whom it was about was forgotten
    UNKNOWN = "unknown"


class Version(NamedTuple):
    """What may be said of a report to whoever holds it: no word about anybody's health."""

    number: str
    version: int
    latest: int
    issued_at: datetime
    sha256: str
    copy_sha256: str | None
    withdrawn: bool = False

    @property
    def standing(self) -> Standing:
        if self.withdrawn:
            return Standing.WITHDRAWN
        return Standing.CURRENT if self.version == self.latest else Standing.SUPERSEDED

    @property
    def hashes(self) -> tuple[str, ...]:
        """Of the file in the chat, and of the locked copy in the mailbox."""
        return (self.sha256, self.copy_sha256) if self.copy_sha256 else (self.sha256,)


async def version_of(session: AsyncSession, token: str) -> Version | None:
    """The version that bears this token; None for a token that the clinic never printed."""
    printed = select(Report).filter_by(token=token)  # by index: it opens nothing but this answer
    report = await session.scalar(printed) if TOKEN.fullmatch(token) else None
    if report is None:
        return None
    latest = await session.scalar(select(func.max(Report.version)).where(Report.scan_id == report.scan_id))
    facts = (report.number, report.version, latest or report.version, report.created_at)
    withdrawn = report.scan.patient.erased_at is not None
    return Version(*facts, report.sha256, report.copy_sha256, withdrawn)


class Pace:
    """Lets each asker through `times` within `window`; what it counts is gone with the process."""

    def __init__(self, times: int = TIMES, window: timedelta = WINDOW) -> None:
        self._times, self._window = times, window
        self._asked: defaultdict[Hashable, deque[datetime]] = defaultdict(deque)

    def allows(self, asker: Hashable, at: datetime) -> bool:
        if len(self._asked) > MANY:
            self._forget(at)
        asked = self._asked[asker]
        while asked and asked[0] <= at - self._window:
            asked.popleft()
        if len(asked) >= self._times:
            return False
        asked.append(at)
        return True

    def _forget(self, at: datetime) -> None:
        for asker in [asker for asker, asked in self._asked.items() if not asked or asked[-1] <= at - self._window]:
            del self._asked[asker]
