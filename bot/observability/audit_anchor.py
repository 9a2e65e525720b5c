"""Copies of the audit chain's head outside the database, hourly and at the stop, which reveal a truncated chain.

Each line carries its number and a keyed hash over the lines before, so that none can be cut out, edited or added
without the key. Lines of earlier versions, without number and hash, may stand before the first of these."""

import asyncio
import hmac
import logging
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from models.base import Sessions
from workflow.audit.chain import Anchor, head

logger = logging.getLogger(__name__)
OLD_FIELDS: Final = 3  # day, row and hash


class Anchors(NamedTuple):
    """The recorded anchors, oldest first, and the first line that is not as it was written; 0: none.

    `since`: the time of the newest one."""

    known: Sequence[Anchor] = ()
    broken_line: int = 0
    since: str = ""


async def record_anchor(sessions: Sessions, path: Path, key: bytes, at: datetime) -> None:
    """Write the head to the file and to the log, unless it is anchored already."""
    async with sessions() as session:
        latest = await head(session)
    if await asyncio.to_thread(_append, path, key, latest, at):
        logger.info("audit head", extra={"count": latest.seq, "head": latest.hash})


def read_anchors(path: Path, key: bytes) -> Anchors:
    """The anchors up to the first broken line; none if the file does not exist."""
    known: list[Anchor] = []
    before, since, sealed = sha256(), "", False
    for number, line in enumerate(_lines(path), 1):
        fields = line.split()
        try:
            since, anchor = fields[0], Anchor(int(fields[1]), fields[2])
        except (IndexError, ValueError):
            return Anchors(known, number, since)
        sealed = sealed or len(fields) > OLD_FIELDS
        if sealed and not _is_genuine(line, before.digest(), key):
            return Anchors(known, number, since)
        before.update(f"{line}\n".encode())
        if anchor.seq:
            known.append(anchor)
    return Anchors(known, 0, since)


def _is_genuine(line: str, before: bytes, key: bytes) -> bool:
    return hmac.compare_digest(line.encode(), _sealed(line.rpartition(" ")[0], before, key).encode())


def _append(path: Path, key: bytes, latest: Anchor, at: datetime) -> bool:
    lines = _lines(path)
    last = lines[-1].split() if lines else []
    if len(last) > OLD_FIELDS and last[1:3] == [str(latest.seq), latest.hash]:
        return False
    before = sha256("".join(f"{line}\n" for line in lines).encode())
    body = f"{at:%Y-%m-%dT%H:%MZ} {latest.seq} {latest.hash} {len(lines) + 1}"
    with path.open("a") as file:
        file.write(_sealed(body, before.digest(), key) + "\n")
    return True


def _sealed(body: str, before: bytes, key: bytes) -> str:
    return f"{body} {hmac.new(key, before + body.encode(), sha256).hexdigest()}"


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []
