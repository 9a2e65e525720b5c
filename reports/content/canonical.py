"""Canonical JSON of a report, and its hash, which is printed on the report in place of the PDF's own."""

import dataclasses
import hashlib
import json
from datetime import UTC, date, datetime
from functools import singledispatch
from typing import Final
from zoneinfo import ZoneInfo

from reports.content.document import Document

SCHEMA: Final = "csss-report/1"


def canonical(document: Document) -> bytes:
    """Deterministic UTF-8 JSON with sorted keys and no spaces. Keys are the documents' field names and never change.

    Datetimes are in UTC, floats are decimal strings of six places, pictures are their SHA-256. None and empty tuples
    are omitted, so that an optional field added later changes no older hash. The stamp is excluded.
    """
    content = {"schema": SCHEMA, **_fields(document)}
    content.pop("stamp", None)
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_hash(document: Document) -> str:
    """The SHA-256 of `canonical` as 64 hex digits, as printed on the report."""
    return hashlib.sha256(canonical(document)).hexdigest()


@singledispatch
def _plain(value: object) -> object:
    return _fields(value) if dataclasses.is_dataclass(value) else value


@_plain.register
def _(picture: bytes) -> object:
    return {"sha256": hashlib.sha256(picture).hexdigest()}


@_plain.register
def _(at: datetime) -> object:
    return at.astimezone(UTC).isoformat()


@_plain.register
def _(on: date) -> object:
    return on.isoformat()


@_plain.register
def _(zone: ZoneInfo) -> object:
    return zone.key


@_plain.register
def _(share: float) -> object:
    return f"{share:.6f}"


@_plain.register(tuple)
def _(items: tuple[object, ...]) -> object:
    return [_plain(item) for item in items]


def _fields(record: object) -> dict[str, object]:
    names = [field.name for field in dataclasses.fields(record)]  # type: ignore[arg-type]  # a dataclass by is_dataclass
    values = {name: getattr(record, name) for name in names}
    return {name: _plain(value) for name, value in values.items() if value is not None and value != ()}
