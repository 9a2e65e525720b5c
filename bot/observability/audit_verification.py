"""The last verification of the audit chain, in one keyed line beside the anchors: outside what it speaks of."""

import asyncio
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from bot.observability.audit_anchor import Anchors, read_anchors
from models.base import Sessions, read_only
from models.crypto.atomic import write_atomic
from workflow.audit import chain
from workflow.audit.chain import AUDIT_CONTEXT, Anchor, ChainBreak

VERIFIED_FILE: Final = "audit-verified.txt"
PURPOSE: Final = b"audit verified "
PERIOD: Final = timedelta(days=1)
SMALL_PAGE: Final = 500  # rows between two turns of the event loop: some 7 ms


class Way(StrEnum):
    """The ways in which the chain is walked. The values are stored."""

    BOT = "bot"  # once a day, with the hourly clean-up
    COMMAND = "command"  # `csss audit verify`
    RESTORE = "restore"  # `csss restore`


class Result(StrEnum):
    """The values are stored."""

    WHOLE = "whole"
    BROKEN = "broken"  # a row was changed, added or taken out
    CUT = "cut"  # rows that an anchor knows are gone from the end
    ANCHORS = "anchors"  # the chain is whole, the file of anchors is not as it was written


class Verification(NamedTuple):
    """One walk over the whole chain.

    `number`: the first broken or missing row, or the broken line of the anchors; 0: none.
    `vouched`: the last row that an anchor knows; 0: none."""

    at: datetime
    way: Way
    rows: int
    result: Result
    number: int
    vouched: int


async def verify_chain(
    sessions: Sessions, anchors_file: Path, key: bytes, way: Way, at: datetime, page_rows: int = SMALL_PAGE
) -> Verification:
    """Walk the chain by the anchors of the file, and store the outcome beside it. `key`: of the anchors."""
    anchors = await asyncio.to_thread(read_anchors, anchors_file, key)
    async with read_only(sessions) as session:
        audit_key = session.info[AUDIT_CONTEXT].key
        fault = await chain.verify(session, audit_key, anchors.known, page_rows)
        rows = (await chain.head(session)).seq
    found = outcome(rows, fault, anchors, way, at)
    await asyncio.to_thread(store, anchors_file.with_name(VERIFIED_FILE), key, found)
    return found


def outcome(
    rows: int, fault: ChainBreak | None, anchors: Anchors, way: Way, at: datetime, outer: Sequence[Anchor] = ()
) -> Verification:
    """`outer`: anchors kept elsewhere, by which the chain was compared, too."""
    vouched = max((one.seq for one in (*anchors.known, *outer)), default=0)
    if fault is not None:
        result, number = Result.CUT if fault.truncated else Result.BROKEN, fault.seq
    else:
        result, number = Result.ANCHORS if anchors.broken_line else Result.WHOLE, anchors.broken_line
    return Verification(at, way, rows, result, number, vouched)


def store(path: Path, key: bytes, found: Verification) -> None:
    """Write it in place of the one before. Raises OSError."""
    body = " ".join((f"{found.at:%Y-%m-%dT%H:%M:%S%z}", *map(str, found[1:])))
    write_atomic(path, f"{body} {_seal(body, key)}\n".encode())


def last_verification(path: Path, key: bytes) -> Verification | None:
    """None where there is none, or the line is not as it was written, or a newer release wrote what this one lacks."""
    try:
        body, _, seal = path.read_text(encoding="ascii").strip().rpartition(" ")
        if not hmac.compare_digest(seal, _seal(body, key)):
            return None
        at, way, rows, result, number, vouched = body.split()
        return Verification(datetime.fromisoformat(at), Way(way), int(rows), Result(result), int(number), int(vouched))
    except (OSError, ValueError, TypeError):
        return None


def is_due(last: Verification | None, now: datetime) -> bool:
    """Also where a clock that was ahead has noted it."""
    return last is None or not now - PERIOD < last.at <= now


def _seal(body: str, key: bytes) -> str:
    return hmac.digest(key, PURPOSE + body.encode(), "sha256").hex()
