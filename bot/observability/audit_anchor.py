"""Copies of the audit chain's head outside the database, hourly and at the stop, which reveal a truncated chain.

Each line carries its number and a keyed hash over the lines before, so that none can be cut out, edited or added
without the key. Lines of earlier versions, without number and hash, may stand before the first of these."""

import asyncio
import hmac
import logging
import re
import socket
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from models.base import Sessions
from workflow.audit.chain import Anchor, head

logger = logging.getLogger(__name__)
ANCHORS_FILE: Final = "audit-anchors.txt"
OLD_FIELDS: Final = 3  # day, row and hash


OUTER: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\dZ (\d{1,15}) ([0-9a-f]{64})\b")
SYSLOG_PORT: Final = 514
AUDIT_NOTICE: Final = 13 * 8 + 5  # facility "log audit" and severity "notice" of RFC 5424


class Anchors(NamedTuple):
    """The recorded anchors, oldest first, and the first line that is not as it was written; 0: none.

    `since`: the time of the newest one."""

    known: Sequence[Anchor] = ()
    broken_line: int = 0
    since: str = ""


async def record_anchor(sessions: Sessions, path: Path, key: bytes, at: datetime) -> str | None:
    """Write the head to the file and the log, unless it is anchored already. Returns the line, to be sent outward."""
    async with sessions() as session:
        latest = await head(session)
    line = await asyncio.to_thread(_append, path, key, latest, at)
    if line is not None:
        logger.info("audit head", extra={"count": latest.seq, "head": latest.hash})
    return line


async def send_to_syslog(server: str, line: str) -> None:
    """Send a line to `host` or `host:port` by UDP (RFC 5426). A server that is away gets the next one."""
    host, _, port = server.partition(":")
    try:
        await asyncio.to_thread(_send_datagram, host, int(port or SYSLOG_PORT), line)
    except OSError as error:
        logger.warning("the syslog server of CSSS_AUDIT_SYSLOG takes nothing", extra={"error": type(error).__name__})


def _send_datagram(host: str, port: int, line: str) -> None:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as out:
        out.sendto(f"<{AUDIT_NOTICE}>1 {line.partition(' ')[0]} - csss - audit-head - {line}".encode(), address)


def find_anchors(text: str) -> list[Anchor]:
    """The anchors in a text that was kept elsewhere: mails, a syslog server's file, a copy of the anchors' file."""
    return [Anchor(int(seq), found) for seq, found in OUTER.findall(text) if int(seq)]


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


def _append(path: Path, key: bytes, latest: Anchor, at: datetime) -> str | None:
    lines = _lines(path)
    last = lines[-1].split() if lines else []
    if len(last) > OLD_FIELDS and last[1:3] == [str(latest.seq), latest.hash]:
        return None
    before = sha256("".join(f"{line}\n" for line in lines).encode())
    body = f"{at:%Y-%m-%dT%H:%MZ} {latest.seq} {latest.hash} {len(lines) + 1}"
    line = _sealed(body, before.digest(), key)
    with path.open("a") as file:
        file.write(f"{line}\n")
    return line


def _sealed(body: str, before: bytes, key: bytes) -> str:
    return f"{body} {hmac.new(key, before + body.encode(), sha256).hexdigest()}"


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []
