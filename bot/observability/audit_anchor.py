"""Daily copies of the audit chain's head outside the database, which reveal a truncated chain."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from models.base import Sessions
from workflow.audit.chain import Anchor, head

logger = logging.getLogger(__name__)


async def record_anchor(sessions: Sessions, path: Path, at: datetime) -> None:
    """Write the head to the file and to the log, once per day of `at`. Idempotent."""
    if await asyncio.to_thread(_is_recorded, path, at):
        return
    async with sessions() as session:
        latest = await head(session)
    logger.info("audit head", extra={"count": latest.seq, "head": latest.hash})
    await asyncio.to_thread(_append, path, f"{at:%Y-%m-%d} {latest.seq} {latest.hash}\n")


def read_anchors(path: Path) -> Sequence[Anchor]:
    """The recorded anchors, oldest first; none if the file does not exist."""
    if not path.exists():
        return ()
    lines = (line.split() for line in path.read_text().splitlines())
    return [Anchor(int(seq), digest) for _, seq, digest in lines if int(seq)]


def _is_recorded(path: Path, at: datetime) -> bool:
    return path.exists() and any(line.startswith(f"{at:%Y-%m-%d} ") for line in path.read_text().splitlines())


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line)
