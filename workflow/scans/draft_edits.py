"""Changes of a draft as forms make them: one phrase or the words of a region, on the draft that was shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Scan
from reports.content.phrases import PHRASES
from reports.content.reading import Region
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.scans import queries, reading
from workflow.scans.draft_hash import require_unchanged
from workflow.transitions import Action, lock_scan, require_applicable

MAX_TEXT: Final = 3000  # characters of a typed part
MAX_REASON: Final = 500
MAX_PHRASE_NAME: Final = 40  # it is the label of a button


class SetPhrase(NamedTuple):
    """A phrase of a region, and whether it shall be in it; without a phrase the region is normal."""

    region: str
    phrase: str
    on: bool


async def require_shown(session: AsyncSession, actor: Actor, scan_id: int, shown: str) -> None:
    """Lock the scan, whose draft must have the hash `shown`. Raises NotFound, StaleAction or WordsChanged."""
    await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
    scan = await lock_scan(session, scan_id)
    require_applicable(scan, Action.WRITE_FINDINGS)
    require_unchanged(scan, shown)


async def set_phrase(session: AsyncSession, actor: Actor, scan_id: int, wished: SetPhrase, at: datetime) -> Scan:
    """Add a phrase to a region or remove it. Raises StaleAction for an unknown region or phrase."""
    region = region_named(wished.region)
    if wished.phrase and wished.phrase not in PHRASES[region]:
        raise StaleAction
    scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
    changed = _toggled(reading.regions_of(scan).get(region, {}), wished)
    return await reading.record_regions(session, actor, scan.id, at, {region: changed})


async def write_region(session: AsyncSession, actor: Actor, scan_id: int, region: str, text: str, at: datetime) -> Scan:
    """Set the typed words about a region. Raises StaleAction for an unknown one."""
    name = region_named(region)
    scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
    words = {**reading.regions_of(scan).get(name, {}), "text": text}
    return await reading.record_regions(session, actor, scan.id, at, {name: words})


async def rest_normal(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """Record every region that is not recorded yet as normal."""
    scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
    return await reading.record_regions(session, actor, scan_id, at, reading.remaining_regions(scan))


def region_named(name: str) -> Region:
    """Raises StaleAction for an unknown region."""
    if name not in set(Region):
        raise StaleAction
    return Region(name)


def _toggled(before: Mapping[str, Any], wished: SetPhrase) -> dict[str, Any]:
    if not wished.phrase:
        return {}
    others = [code for code in before.get("phrases", ()) if code != wished.phrase]
    return {**before, "phrases": [*others, wished.phrase] if wished.on else others}
