"""Who saw and did what: rows sealed one to the next with a keyed hash, in the transaction of the act itself."""

import hmac
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from models.audit import AuditRow
from models.base import Sessions
from models.scans import Scan
from workflow.actors import SYSTEM, Actor

TRAIL: Final = "trail"  # where a session keeps its `Trail`
START: Final = "0" * 64
NOBODY: Final = {"chat": "stranger", "worker": "system", "command line": "operator"}  # who acts without an account
LOCK: Final = 0x43535353  # PostgreSQL's advisory lock of the chain
PAGE: Final = 5000
SEALED: Final = tuple(column.name for column in AuditRow.__table__.columns)[:-1]  # all but the hash itself


class Source(StrEnum):
    CHAT = "chat"
    WORKER = "worker"
    COMMAND_LINE = "command line"


class Outcome(StrEnum):
    OK = "ok"
    REFUSED = "refused"


class Trail(NamedTuple):
    """What every session brings along: the chain's key, and where its acts come from."""

    key: bytes
    source: Source = Source.WORKER
    request_id: str | None = None


class Entry(NamedTuple):
    """One look or act. `reason` is a code; nothing that a person typed belongs here."""

    act: str
    object_kind: str
    object_id: object
    patient_id: int | None = None
    version: int | None = None
    outcome: Outcome = Outcome.OK
    reason: str | None = None


class Fault(NamedTuple):
    """Where the chain breaks: at this row, or, with `cut`, because rows that an anchor knows are gone."""

    seq: int
    cut: bool = False


class Anchor(NamedTuple):
    """The head of the chain as it was noted outside the database."""

    seq: int
    hash: str


def audited(engine: AsyncEngine, key: bytes, source: Source, **options: Any) -> Sessions:  # noqa: ANN401 - the sessionmaker's
    """Sessions that know the chain's key: without it nothing that must be recorded can be done."""
    return async_sessionmaker(engine, expire_on_commit=False, info={TRAIL: Trail(key, source)}, **options)


async def note(session: AsyncSession, actor: Actor | None, entry: Entry, at: datetime) -> None:
    """Append one row. It stands if and only if the act's own transaction commits."""
    trail: Trail = session.info[TRAIL]
    if session.bind.dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    last = await head(session)
    row = AuditRow(
        seq=last.seq + 1,
        at=at,
        actor_id=actor.account_id if actor else None,
        role=actor.role if actor else NOBODY[trail.source],
        act=entry.act,
        object_kind=entry.object_kind,
        object_id=str(entry.object_id),
        version=entry.version,
        patient=pseudonym(trail.key, entry.patient_id),
        source=trail.source,
        outcome=entry.outcome,
        reason=entry.reason,
        request_id=trail.request_id,
        previous=last.hash,
    )
    row.hash = seal(trail.key, [getattr(row, name) for name in SEALED])
    session.add(row)
    await session.flush()


async def look(session: AsyncSession, actor: Actor, scan: Scan, what: str, at: datetime) -> None:
    """Somebody sees health data of a scan."""
    await note(session, actor, Entry(f"look:{what}", "scan", scan.id, scan.patient_id, scan.version), at)


async def delivered(session: AsyncSession, scan: Scan, channel: str, at: datetime) -> None:
    await note(session, SYSTEM, Entry(f"deliver:{channel}", "scan", scan.id, scan.patient_id, scan.version), at)


async def head(session: AsyncSession) -> Anchor:
    latest = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
    row = (await session.execute(latest)).one_or_none()
    return Anchor(row.seq, row.hash) if row else Anchor(0, START)


async def verify(session: AsyncSession, key: bytes, anchors: Sequence[Anchor] = ()) -> Fault | None:
    """Walk the whole chain. None: every row is as it was written and none that an anchor knows is missing."""
    known = {anchor.seq: anchor.hash for anchor in anchors}
    previous, expected = START, 1
    async for row in _walk(session):
        values = row[:-1]
        if row.seq != expected or row.previous != previous or not hmac.compare_digest(row.hash, seal(key, values)):
            return Fault(min(row.seq, expected))
        if known.get(row.seq, row.hash) != row.hash:
            return Fault(row.seq)
        previous, expected = row.hash, expected + 1
    beyond = [seq for seq in known if seq >= expected]
    return Fault(expected, cut=True) if beyond else None


async def search(
    session: AsyncSession, limit: int = 15, scan_id: int | None = None, refused: bool = False
) -> Sequence[AuditRow]:
    """The latest rows first, of one scan or of refusals only."""
    rows = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if scan_id is not None:
        rows = rows.where(AuditRow.object_kind == "scan", AuditRow.object_id == str(scan_id))
    if refused:
        rows = rows.where(AuditRow.outcome == Outcome.REFUSED)
    return (await session.scalars(rows)).all()


async def everything(session: AsyncSession) -> AsyncIterator[AuditRow]:
    async for row in await session.stream_scalars(select(AuditRow).order_by(AuditRow.seq)):
        yield row


def seal(key: bytes, values: Sequence[object]) -> str:
    """HMAC-SHA256 over the row's values, the hash of the row before among them."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return hmac.new(key, json.dumps(plain, ensure_ascii=False).encode(), sha256).hexdigest()


def pseudonym(key: bytes, patient_id: int | None) -> str | None:
    """The same person is the same sixteen digits everywhere, and no name can be read from them."""
    if patient_id is None:
        return None
    return hmac.new(key, f"patient {patient_id}".encode(), sha256).hexdigest()[:16]


async def _walk(session: AsyncSession) -> AsyncIterator[Row[Any]]:
    """All rows in order, a few thousand at a time."""
    after = -(2**31)
    while True:
        page = select(*AuditRow.__table__.columns).where(AuditRow.seq > after).order_by(AuditRow.seq).limit(PAGE)
        rows = (await session.execute(page)).all()
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = rows[-1].seq
