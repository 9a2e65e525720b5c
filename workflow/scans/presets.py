"""A doctor's presets for readings: own phrases, and the ready readings that they used last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.readings import ReadingPresets
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import PhrasesFull, StaleAction
from workflow.permissions import authorize
from workflow.scans import queries
from workflow.transitions import Action, require_applicable

MAX_PHRASES: Final = 20  # all of them fit below one message
MAX_RECENT: Final = 12  # ready readings of every modality


class OwnPhrase(NamedTuple):
    """An impression that a doctor keeps under a name; `number` is never given again."""

    number: int
    name: str
    text: str


async def recent_readings(session: AsyncSession, actor: Actor) -> Sequence[str]:
    """Keys of the ready readings that the doctor used last, newest first, of every modality."""
    row = await session.get(ReadingPresets, actor.account_id)
    return (row and row.recent) or ()


async def note_use(session: AsyncSession, actor: Actor, name: str) -> None:
    """Note that the doctor used this ready reading."""
    row = await _lock(session, actor)
    if not row.recent or row.recent[0] != name:
        row.recent = [name, *(one for one in row.recent or () if one != name)][:MAX_RECENT]


async def own_phrases(session: AsyncSession, actor: Actor) -> Sequence[OwnPhrase]:
    """The doctor's own phrases, last used first."""
    row = await session.get(ReadingPresets, actor.account_id)
    return [OwnPhrase(**one) for one in (row and row.phrases) or ()]


async def keep_phrase(session: AsyncSession, actor: Actor, scan_id: int, name: str, at: datetime) -> None:
    """Keep the draft's typed impression under this name; the same name replaces an earlier one.

    Raises StaleAction without a typed impression, PhrasesFull beyond MAX_PHRASES."""
    scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
    require_applicable(scan, Action.WRITE_FINDINGS)
    if scan.reading is None or not scan.reading.impression:
        raise StaleAction
    row = await _lock(session, actor)
    others = [one for one in row.phrases or () if one["name"] != name]
    if len(others) >= MAX_PHRASES:
        raise PhrasesFull(most=MAX_PHRASES)
    row.last_number += 1
    row.phrases = [{"number": row.last_number, "name": name, "text": scan.reading.impression}, *others]
    await record(session, actor, AuditEvent("keep_phrase", "scan", scan_id, scan.patient_id), at)


async def take_phrase(session: AsyncSession, actor: Actor, number: int) -> str:
    """The text of an own phrase, which is the last used from now on. Raises StaleAction for a deleted one."""
    row, chosen = await _find(session, actor, number)
    row.phrases = [chosen, *(one for one in row.phrases or () if one["number"] != number)]
    return str(chosen["text"])


async def delete_phrase(session: AsyncSession, actor: Actor, number: int, at: datetime) -> None:
    """Delete an own phrase; drafts and readings that contain it stay. Raises StaleAction when it is gone."""
    authorize(actor, Action.WRITE_FINDINGS)
    row, _ = await _find(session, actor, number)
    row.phrases = [one for one in row.phrases or () if one["number"] != number]
    await record(session, actor, AuditEvent("delete_phrase", "account", actor.account_id), at)


async def _find(session: AsyncSession, actor: Actor, number: int) -> tuple[ReadingPresets, dict[str, Any]]:
    row = await _lock(session, actor)
    chosen = next((one for one in row.phrases or () if one["number"] == number), None)
    if chosen is None:
        raise StaleAction
    return row, chosen


async def _lock(session: AsyncSession, actor: Actor) -> ReadingPresets:
    """The doctor's row, locked for writing; created at first use."""
    row = select(ReadingPresets).where(ReadingPresets.account_id == actor.account_id).with_for_update()
    found = (await session.scalars(row.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        assert actor.account_id is not None
        found = ReadingPresets(account_id=actor.account_id, last_number=0)
        session.add(found)
    return found
