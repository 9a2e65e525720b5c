"""A short hash of the draft, carried by signing buttons so that a stale button is refused."""

import json
from hashlib import sha256
from typing import Final

from models.tables.scans import Scan
from workflow.errors import WordsChanged

DRAFT_FIELDS: Final = (
    "own_reading",
    "findings",
    "impression",
    "recommendations",
    "regions",
    "diagnosis",
    "band",
    "why",
)
ADDED_FIELDS: Final = ("override", "no_alert", "proposed")  # hashed only where set, so that older buttons stay valid
DRAFT_HASH_DIGITS: Final = 8  # hexadecimal digits


def draft_hash(scan: Scan) -> str:
    """The first 8 hexadecimal digits of a SHA-256 over the doctor's and the pharmacist's text."""
    reading, lines = scan.reading, scan.prescription and scan.prescription.lines
    written = [getattr(reading, name) for name in DRAFT_FIELDS] if reading else None
    if reading and written is not None:
        written += [[name, value] for name in ADDED_FIELDS if (value := getattr(reading, name)) is not None]
    values = json.dumps([written, lines], sort_keys=True, ensure_ascii=False)
    return sha256(values.encode()).hexdigest()[:DRAFT_HASH_DIGITS]


def require_unchanged(scan: Scan, shown: str) -> None:
    """Raises WordsChanged unless `shown` is the draft's hash."""
    if draft_hash(scan) != shown:
        raise WordsChanged
