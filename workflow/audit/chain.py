"""Who saw and did what: rows sealed one to the next with a keyed hash, in the transaction of the act itself."""

import hmac
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, event, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction

from models.base import Sessions
from models.crypto.keys import MASTERS, Masters
from models.tables.audit import AuditRow
from models.tables.people import Account
from models.tables.scans import Scan
from workflow.actors import SYSTEM, Actor

TRAIL: Final = "trail"  # where a session keeps its `Trail`
OWED: Final = "audit"  # and the rows that its transaction owes
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


class Wanted(NamedTuple):
    """What rows of the record have to be; what is not said does not matter."""

    scan_id: int | None = None
    patient_id: int | None = None
    actor: str | None = None  # the address of whoever acted, in small letters
    day: datetime | None = None  # its first moment
    act: str | None = None  # how the act's name begins
    outcome: Outcome | None = None


ALL: Final = Wanted()


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


def audited(engine: AsyncEngine, key: bytes, source: Source, masters: Masters, **options: Any) -> Sessions:  # noqa: ANN401 - the sessionmaker's
    """Sessions that know the chain's key and the master keys: without them nothing that must be recorded can be done,
    and nothing that is sealed can be read."""
    info = {TRAIL: Trail(key, source), MASTERS: masters}
    return async_sessionmaker(engine, expire_on_commit=False, info=info, **options)


async def note(session: AsyncSession, actor: Actor | None, entry: Entry, at: datetime) -> None:
    """Owe one row. It is appended as the act's own transaction commits, and stands if and only if that does."""
    trail: Trail = session.info[TRAIL]
    session.info.setdefault(OWED, []).append((trail, _values(trail, actor, entry, at)))


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """All rows of a transaction at its very end: only who already holds everything else takes the chain's lock, so
    that nobody waits in a circle, and nobody holds it for longer than this takes."""
    owed = session.info.pop(OWED, None)
    if not owed:
        return
    session.flush()
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_LOCK, {"lock": LOCK})
    last = connection.execute(_LATEST).one_or_none()
    seq, previous = last or (0, START)
    rows = []
    for seq, (trail, values) in enumerate(owed, seq + 1):  # noqa: B020 - the count goes on from the head
        row = {"seq": seq, **values, "previous": previous}
        previous = row["hash"] = seal(trail.key, [row[name] for name in SEALED])
        rows.append(row)
    connection.execute(_INSERT, rows)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What was rolled back did not happen."""
    if transaction.parent is None:
        session.info.pop(OWED, None)


def _values(trail: Trail, actor: Actor | None, entry: Entry, at: datetime) -> dict[str, Any]:
    """A row, but for its place in the chain."""
    return {
        "at": at.astimezone(UTC),
        "actor_id": actor.account_id if actor else None,
        "role": str(actor.role if actor else NOBODY[trail.source]),
        "act": str(entry.act),
        "object_kind": entry.object_kind,
        "object_id": str(entry.object_id),
        "version": entry.version,
        "patient": pseudonym(trail.key, entry.patient_id),
        "source": str(trail.source),
        "outcome": str(entry.outcome),
        "reason": entry.reason,
        "request_id": trail.request_id,
    }


async def look(session: AsyncSession, actor: Actor, scan: Scan, what: str, at: datetime) -> None:
    """Somebody sees health data of a scan."""
    await note(session, actor, Entry(f"look:{what}", "scan", scan.id, scan.patient_id, scan.version), at)


async def delivered(session: AsyncSession, scan: Scan, channel: str, at: datetime) -> None:
    await note(session, SYSTEM, Entry(f"deliver:{channel}", "scan", scan.id, scan.patient_id, scan.version), at)


async def head(session: AsyncSession) -> Anchor:
    row = (await session.execute(_LATEST)).one_or_none()
    return Anchor(row.seq, row.hash) if row else Anchor(0, START)


async def verify(session: AsyncSession, key: bytes, anchors: Sequence[Anchor] = ()) -> Fault | None:
    """Walk the whole chain. None: every row is as it was written and none that an anchor knows is missing."""
    known = {anchor.seq: anchor.hash for anchor in anchors}
    previous, expected = START, 1
    async for rows in _pages(session):
        for row in rows:
            values, digest = [*row[:-1]], row[-1]
            values[1] = _instant(values[1])
            if values[0] != expected or values[-1] != previous or not hmac.compare_digest(digest, seal(key, values)):
                return Fault(min(values[0], expected))
            if not hmac.compare_digest(known.get(expected, digest), digest):
                return Fault(expected)
            previous, expected = digest, expected + 1
    beyond = [seq for seq in known if seq >= expected]
    return Fault(expected, cut=True) if beyond else None


async def search(session: AsyncSession, limit: int = 15, wanted: Wanted = ALL) -> Sequence[AuditRow]:
    """The latest rows first, of those that are all that is wanted."""
    rows = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if wanted.scan_id is not None:
        rows = rows.where(AuditRow.object_kind == "scan", AuditRow.object_id == str(wanted.scan_id))
    if wanted.outcome is not None:
        rows = rows.where(AuditRow.outcome == wanted.outcome)
    if wanted.patient_id is not None:
        rows = rows.where(AuditRow.patient == pseudonym(session.info[TRAIL].key, wanted.patient_id))
    if wanted.actor is not None:
        theirs = select(Account.id).where(Account.email == wanted.actor).scalar_subquery()
        rows = rows.where(AuditRow.actor_id == theirs)
    if wanted.day is not None:
        rows = rows.where(AuditRow.at >= wanted.day, AuditRow.at < wanted.day + timedelta(days=1))
    if wanted.act is not None:
        rows = rows.where(AuditRow.act.startswith(wanted.act, autoescape=True))
    return (await session.scalars(rows)).all()


async def about(session: AsyncSession, patient_id: int) -> Sequence[AuditRow]:
    """What was seen and done of one person and of their account, newest first."""
    known = AuditRow.patient == pseudonym(session.info[TRAIL].key, patient_id)
    account = (AuditRow.object_kind == "account") & (AuditRow.object_id == str(patient_id))
    return (await session.scalars(select(AuditRow).where(known | account).order_by(AuditRow.seq.desc()))).all()


async def everything(session: AsyncSession) -> AsyncIterator[AuditRow]:
    async for row in await session.stream_scalars(select(AuditRow).order_by(AuditRow.seq)):
        yield row


def seal(key: bytes, values: Sequence[object]) -> str:
    """HMAC-SHA256 over the row's values, the hash of the row before among them."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return hmac.digest(key, _ENCODE(plain).encode(), "sha256").hex()


def pseudonym(key: bytes, patient_id: int | None) -> str | None:
    """The same person is the same sixteen digits everywhere, and no name can be read from them."""
    if patient_id is None:
        return None
    return hmac.new(key, f"patient {patient_id}".encode(), sha256).hexdigest()[:16]


async def _pages(session: AsyncSession) -> AsyncIterator[Sequence[Row[Any]]]:
    """All rows in order, a few thousand at a time, as the driver gives them: the types' own work is most of a walk."""
    rows: Sequence[Row[Any]] = ()
    page = text(f"SELECT {', '.join(SEALED)}, hash FROM audit WHERE seq > :after ORDER BY seq LIMIT :most")  # noqa: S608 - our own columns
    while True:
        after = rows[-1][0] if rows else -(2**31)
        rows = (await session.execute(page, {"after": after, "most": PAGE})).all()
        if rows:
            yield rows
        if len(rows) < PAGE:
            return


def _instant(stored: datetime | str) -> str:
    """SQLite gives text in UTC without saying so, PostgreSQL a time in the session's zone."""
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC).isoformat()
    return stored.astimezone(UTC).isoformat()


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode
_TAKE_LOCK: Final = text("SELECT pg_advisory_xact_lock(:lock)")
_LATEST: Final = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
_INSERT: Final = insert(AuditRow.__table__)  # type: ignore[arg-type]  # declarative says FromClause
