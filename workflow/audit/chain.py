"""Audit trail: a hash chain of keyed rows, each written in the transaction of its act."""

import hmac
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, event, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction

from models.base import Sessions
from models.crypto.keys import KEKS, KeyEncryptionKeys
from models.tables.audit import AuditRow
from models.tables.scans import Scan
from workflow.actors import SYSTEM, Actor
from workflow.request_id import REQUEST_ID

AUDIT_CONTEXT: Final = "trail"  # key in `session.info` of its `AuditContext`
PENDING: Final = "audit"  # key in `session.info` of the transaction's rows
GENESIS: Final = "0" * 64
# role of an actor without an account, by source
UNLINKED_ROLES: Final = {"chat": "stranger", "browser": "stranger", "worker": "system", "command line": "operator"}
CHAIN_LOCK: Final = 0x43535353  # PostgreSQL advisory lock of the chain
PAGE_ROWS: Final = 5000
# all columns except the hash itself
HASHED_COLUMNS: Final = tuple(column.name for column in AuditRow.__table__.columns)[:-1]


class Source(StrEnum):
    """Where an act came from."""

    CHAT = "chat"
    BROWSER = "browser"
    WORKER = "worker"
    COMMAND_LINE = "command line"


class Outcome(StrEnum):
    """Whether an act was done or refused."""

    OK = "ok"
    REFUSED = "refused"


class AuditContext(NamedTuple):
    """The chain's key and the origin of the acts, carried by every session."""

    key: bytes
    source: Source = Source.WORKER


class AuditEvent(NamedTuple):
    """One access or act. `reason` is a code; typed text does not belong here."""

    act: str
    object_kind: str
    object_id: object
    patient_id: int | None = None
    version: int | None = None
    outcome: Outcome = Outcome.OK
    reason: str | None = None


class ChainBreak(NamedTuple):
    """The first broken row. `truncated`: rows that an anchor covers are missing."""

    seq: int
    truncated: bool = False


class Anchor(NamedTuple):
    """The head of the chain as recorded outside the database."""

    seq: int
    hash: str


def audited_sessions(
    engine: AsyncEngine,
    key: bytes,
    source: Source,
    keks: KeyEncryptionKeys,
    **options: Any,  # noqa: ANN401 - passed to async_sessionmaker
) -> Sessions:
    """Sessions with the chain's key and the key-encryption keys: no session can act without an audit trail."""
    info = {AUDIT_CONTEXT: AuditContext(key, source), KEKS: keks}
    return async_sessionmaker(engine, expire_on_commit=False, info=info, **options)


async def record(session: AsyncSession, actor: Actor | None, event: AuditEvent, at: datetime) -> None:
    """Add one row to the audit trail. It is appended when the transaction commits, and discarded with it.

    `actor` is None for a chat without an account and for the operator."""
    context: AuditContext = session.info[AUDIT_CONTEXT]
    session.info.setdefault(PENDING, []).append((context, _values(context, actor, event, at)))


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """Append the transaction's rows at its end: taking the chain's lock last avoids deadlocks and keeps it short."""
    pending = session.info.pop(PENDING, None)
    if not pending:
        return
    session.flush()
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_LOCK, {"lock": CHAIN_LOCK})
    last = connection.execute(_LATEST).one_or_none()
    seq, previous = last or (0, GENESIS)
    rows = []
    for seq, (context, values) in enumerate(pending, seq + 1):  # noqa: B020 - numbering continues from the head
        row = {"seq": seq, **values, "previous": previous}
        previous = row["hash"] = row_hmac(context.key, [row[name] for name in HASHED_COLUMNS])
        rows.append(row)
    connection.execute(_INSERT, rows)


@event.listens_for(Session, "after_transaction_end")
def _discard(session: Session, transaction: SessionTransaction) -> None:
    """A transaction that is rolled back leaves no rows."""
    if transaction.parent is None:
        session.info.pop(PENDING, None)


def _values(context: AuditContext, actor: Actor | None, event: AuditEvent, at: datetime) -> dict[str, Any]:
    """The row without its place in the chain."""
    return {
        "at": at.astimezone(UTC),
        "actor_id": actor.person.account_id if actor else None,
        "role": str(actor.person.role if actor else UNLINKED_ROLES[context.source]),
        "act": str(event.act),
        "object_kind": event.object_kind,
        "object_id": str(event.object_id),
        "version": event.version,
        "patient": pseudonym(context.key, event.patient_id),
        "source": str(context.source),
        "outcome": str(event.outcome),
        "reason": event.reason,
        "request_id": REQUEST_ID.get(),
    }


async def record_read(session: AsyncSession, actor: Actor, scan: Scan, view: str, at: datetime) -> None:
    """Record that the actor saw health data of a scan. `view` names what was shown."""
    await record(session, actor, AuditEvent(f"look:{view}", "scan", scan.id, scan.patient_id, scan.version), at)


async def record_delivery(session: AsyncSession, scan: Scan, channel: str, at: datetime) -> None:
    """Record that a report was delivered on a channel."""
    await record(session, SYSTEM, AuditEvent(f"deliver:{channel}", "scan", scan.id, scan.patient_id, scan.version), at)


async def head(session: AsyncSession) -> Anchor:
    """The last row's number and hash."""
    row = (await session.execute(_LATEST)).one_or_none()
    return Anchor(row.seq, row.hash) if row else Anchor(0, GENESIS)


async def verify(
    session: AsyncSession, key: bytes, anchors: Sequence[Anchor] = (), page_rows: int = PAGE_ROWS
) -> ChainBreak | None:
    """Walk the whole chain. None when every row is unchanged and no anchored row is missing.

    The event loop runs on between two pages of so many rows."""
    anchored = {anchor.seq: anchor.hash for anchor in anchors}
    previous, expected = GENESIS, 1
    async for rows in _row_pages(session, page_rows):
        for row in rows:
            values, digest = [*row[:-1]], row[-1]
            try:
                values[1] = _to_utc(values[1])
            except (ValueError, AttributeError):
                return ChainBreak(expected)
            in_place = values[0] == expected and values[-1] == previous
            if not in_place or not hmac.compare_digest(digest, row_hmac(key, values)):
                return ChainBreak(min(values[0], expected))
            if not hmac.compare_digest(anchored.get(expected, digest), digest):
                return ChainBreak(expected)
            previous, expected = digest, expected + 1
    beyond = [seq for seq in anchored if seq >= expected]
    return ChainBreak(expected, truncated=True) if beyond else None


async def fits_key(session: AsyncSession) -> bool:
    """Whether the newest row was sealed with the session's key; True where there is no row."""
    context: AuditContext = session.info[AUDIT_CONTEXT]
    row = (await session.execute(_NEWEST)).one_or_none()
    if row is None:
        return True
    values = [*row[:-1]]
    values[1] = _to_utc(values[1])
    return hmac.compare_digest(row[-1], row_hmac(context.key, values))


def row_hmac(key: bytes, values: Sequence[object]) -> str:
    """HMAC-SHA256 over the row's values, which include the hash of the row before."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return hmac.digest(key, _ENCODE(plain).encode(), "sha256").hex()


def pseudonym(key: bytes, patient_id: int | None) -> str | None:
    """A keyed pseudonym of 16 hexadecimal digits, the same for a patient everywhere."""
    if patient_id is None:
        return None
    return hmac.new(key, f"patient {patient_id}".encode(), sha256).hexdigest()[:16]


async def _row_pages(session: AsyncSession, most: int) -> AsyncIterator[Sequence[Row[Any]]]:
    """All rows in order, `most` at a time, without type conversion, which would dominate the time of a walk."""
    rows: Sequence[Row[Any]] = ()
    page = text(f"SELECT {', '.join(HASHED_COLUMNS)}, hash FROM audit WHERE seq > :after ORDER BY seq LIMIT :most")  # noqa: S608 - constant column names
    while True:
        after = rows[-1][0] if rows else -(2**31)
        rows = (await session.execute(page, {"after": after, "most": most})).all()
        if rows:
            yield rows
        if len(rows) < most:
            return


def _to_utc(stored: datetime | str) -> str:
    """SQLite returns text in UTC without a zone, PostgreSQL a time in the session's zone."""
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC).isoformat()
    return stored.astimezone(UTC).isoformat()


_NEWEST: Final = text(f"SELECT {', '.join(HASHED_COLUMNS)}, hash FROM audit ORDER BY seq DESC LIMIT 1")  # noqa: S608 - constant column names
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode
_TAKE_LOCK: Final = text("SELECT pg_advisory_xact_lock(:lock)")
_LATEST: Final = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
_INSERT: Final = insert(AuditRow.__table__)  # type: ignore[arg-type]  # SQLAlchemy types it as FromClause
