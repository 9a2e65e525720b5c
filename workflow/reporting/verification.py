"""Verification of a report by the token printed on it. The answer names nobody."""

import re
from datetime import datetime
from enum import StrEnum
from time import monotonic
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Report
from workflow.token_bucket import Clock, TokenBuckets

TOKEN_FORMAT: Final = re.compile(r"[A-Za-z0-9_-]{22}")  # other text, NUL among it, never reaches the database
LOOKUPS_PER_MINUTE: Final = 20  # per requester: a token of 128 bits cannot be guessed, but the database can be busied
MAX_REQUESTERS: Final = 10_000  # remembered before the idle ones are dropped


class Validity(StrEnum):
    """Whether a report is the current version."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"  # the patient's account was erased
    UNKNOWN = "unknown"


class ReportVersion(NamedTuple):
    """The facts that may be disclosed to the holder of a report: no health data."""

    number: str
    version: int
    latest: int
    issued_at: datetime
    sha256: str
    copy_sha256: str | None
    withdrawn: bool = False

    @property
    def validity(self) -> Validity:
        """Withdrawn after the erasure of the account, else current or superseded."""
        if self.withdrawn:
            return Validity.WITHDRAWN
        return Validity.CURRENT if self.version == self.latest else Validity.SUPERSEDED

    @property
    def hashes(self) -> tuple[str, ...]:
        """SHA-256 of the file sent in the chat and of the encrypted copy sent by mail."""
        return (self.sha256, self.copy_sha256) if self.copy_sha256 else (self.sha256,)


async def version_of(session: AsyncSession, token: str) -> ReportVersion | None:
    """The report version with this token; None for an unknown token."""
    printed = select(Report).filter_by(token=token)  # by index; the token grants no other access
    report = await session.scalar(printed) if TOKEN_FORMAT.fullmatch(token) else None
    if report is None:
        return None
    latest = await session.scalar(select(func.max(Report.version)).where(Report.scan_id == report.scan_id))
    facts = (report.number, report.version, latest or report.version, report.created_at)
    withdrawn = report.scan.patient.erased_at is not None
    return ReportVersion(*facts, report.sha256, report.copy_sha256, withdrawn)


def lookup_buckets(clock: Clock = monotonic) -> TokenBuckets:
    """Rate limit of lookups: `LOOKUPS_PER_MINUTE` at once, refilled within a minute, for each requester."""
    return TokenBuckets(LOOKUPS_PER_MINUTE, LOOKUPS_PER_MINUTE / 60, clock, MAX_REQUESTERS)
