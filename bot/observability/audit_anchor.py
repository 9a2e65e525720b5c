"""The head of the audit chain, noted outside the database: from inside nobody sees that a tail was cut."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from models.base import Sessions
from workflow.audit.chain import Anchor, head

logger = logging.getLogger(__name__)


async def anchor(sessions: Sessions, path: Path, at: datetime) -> None:
    """Once a day: a line in the file and one in the log, which may lie on another machine."""
    if await asyncio.to_thread(_noted, path, at):
        return
    async with sessions() as session:
        latest = await head(session)
    logger.info("audit head", extra={"count": latest.seq, "head": latest.hash})
    await asyncio.to_thread(_append, path, f"{at:%Y-%m-%d} {latest.seq} {latest.hash}\n")


def read_anchors(path: Path) -> Sequence[Anchor]:
    """What was noted; no file yet means no anchors."""
    if not path.exists():
        return ()
    lines = (line.split() for line in path.read_text().splitlines())
    return [Anchor(int(seq), digest) for _, seq, digest in lines if int(seq)]


def _noted(path: Path, at: datetime) -> bool:
    return path.exists() and any(line.startswith(f"{at:%Y-%m-%d} ") for line in path.read_text().splitlines())


def _append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line)
