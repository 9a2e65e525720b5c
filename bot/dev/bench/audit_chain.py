"""Cost of the audit chain, of an own code and of encryption: append a row, verify the chain, encrypt a picture."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from bot.secrets import parse_master_keys
from models.base import Sessions, open_engine
from models.crypto.keys import DataKey
from models.schema import upgrade
from models.tables.accounts import Account
from models.vocabulary import Role
from workflow.accounts import proof
from workflow.accounts.codes import Verdict, generate_digits
from workflow.actors import SYSTEM, actor_of
from workflow.audit.chain import AuditEvent, Source, audited_sessions, record, verify

KEY: Final = b"the bench's chain"
LOT: Final = 5000  # rows in one transaction, to fill the chain
CHAT: Final = 7
MAX_PROOFS: Final = 20
HUNDRED_THOUSAND: Final = 100_000


async def measure_audit_chain(folder: Path, picture: bytes, rows: int, rounds: int) -> dict[str, Any]:
    engine = open_engine(f"sqlite+aiosqlite:///{folder / 'records.db'}")
    try:
        await upgrade(engine)
        sessions = audited_sessions(
            engine, KEY, Source.WORKER, parse_master_keys("the bench's own master key, 32 signs")
        )
        with_row, without = [], []
        for _ in range(rounds):
            with_row.append(await _transaction(sessions, 1))
            without.append(await _transaction(sessions, 0))
        for _ in range(rows // LOT):
            await _transaction(sessions, LOT)
        walked = await _walk(sessions)
        step_up = await _step_up(sessions, min(rounds, MAX_PROOFS))
    finally:
        await engine.dispose()
    count = rounds + rows // LOT * LOT
    return {
        "append_ms": round(median(with_row) * 1000, 2),
        "empty_ms": round(median(without) * 1000, 2),
        "verify_s": round(walked, 2),
        "rows": count,
        "verify_100000_s": round(walked / count * HUNDRED_THOUSAND, 2),
        "step_up_ms": round(step_up * 1000, 2),
        **_seal(picture, rounds),
    }


async def _step_up(sessions: Sessions, rounds: int) -> float:
    """Seconds that an own code adds to an operation: asked for and typed, without mail and person."""
    async with sessions.begin() as session:
        account = Account(name="A", email="a@example.org", role=Role.ADMINISTRATOR, created_at=datetime.now(UTC))
        session.add(account)
        await session.flush()
        actor = actor_of(account)
    taken, at = [], datetime.now(UTC)
    for _ in range(rounds):
        at += timedelta(minutes=20)
        began = perf_counter()
        async with sessions.begin() as session:
            digits = generate_digits(await proof.request_code(session, actor, CHAT, at), KEY, at)
        async with sessions.begin() as session:
            assert await proof.verify(session, actor, CHAT, digits or "", KEY, at) is Verdict.RIGHT
        taken.append(perf_counter() - began)
    return median(taken)


async def _transaction(sessions: Sessions, notes: int) -> float:
    began = perf_counter()
    async with sessions.begin() as session:
        for number in range(notes):
            await record(session, SYSTEM, AuditEvent("look:card", "scan", number, 7, 1), datetime.now(UTC))
        await session.connection()
    return perf_counter() - began


async def _walk(sessions: Sessions) -> float:
    async with sessions() as session:
        began = perf_counter()
        assert await verify(session, KEY) is None
        return perf_counter() - began


def _seal(picture: bytes, rounds: int) -> dict[str, float]:
    """Encrypt and decrypt: milliseconds for a picture, microseconds for a short text."""
    secret, words = DataKey("00000000-0000-4000-8000-000000000000", b"k" * 32), b"Patchy opacities, both lower zones."
    times: dict[int, list[float]] = {len(picture): [], len(words): []}
    for plain in (picture, words) * rounds:
        began = perf_counter()
        secret.decrypt(secret.encrypt(plain, "bench"), "bench")
        times[len(plain)].append(perf_counter() - began)
    return {
        "picture_ms": round(median(times[len(picture)]) * 1000, 2),
        "words_us": round(median(times[len(words)]) * 1_000_000, 1),
    }
