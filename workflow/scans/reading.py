"""The doctor's reading and the pharmacist's prescription: drafts until they are signed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Prescription, Reading, Scan
from models.vocabulary import Band
from reports.content.phrases import DIAGNOSES, diagnoses, matches, regions_for
from reports.content.reading import REGIONS
from workflow.actors import Actor
from workflow.errors import StaleAction, WordsChanged
from workflow.formulary.load import Formulary
from workflow.jobs import JobKind, enqueue
from workflow.scans import prescribing, queries
from workflow.scans.draft_hash import draft_hash
from workflow.transitions import Action, advance

EMPTY_DRAFT: Final[Mapping[str, Any]] = {
    "findings": "",
    **dict.fromkeys(("own_reading", "impression", "recommendations", "regions", "diagnosis", "band", "why", "agrees")),
}


class TypedFindings(NamedTuple):
    """Free text of a reading. `own_reading` is required when the model was uncertain."""

    findings: str
    impression: str | None = None
    recommendations: str | None = None
    own_reading: str | None = None


class ShownLine(NamedTuple):
    """A line of a prescription by its position from 0, and the `draft_hash` of the draft in which it was shown."""

    position: int
    draft_hash: str


async def write_findings(session: AsyncSession, actor: Actor, scan_id: int, text: TypedFindings, at: datetime) -> Scan:
    """Replace the draft by free text; the advice band is "see your doctor" until the doctor changes it."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    _write(scan, actor, {**EMPTY_DRAFT, **text._asdict(), "band": Band.SEE_DOCTOR.value})
    return scan


async def apply_diagnosis(session: AsyncSession, actor: Actor, scan_id: int, name: str, at: datetime) -> Scan:
    """Replace the draft by a ready diagnosis with every region filled in. Raises StaleAction for another modality's."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    if name not in diagnoses(modality_of(scan)):
        raise StaleAction
    _write(
        scan,
        actor,
        {**EMPTY_DRAFT, "regions": regions_for(name), "diagnosis": name, "band": DIAGNOSES[name].band.value},
    )
    return scan


async def revise_draft(session: AsyncSession, actor: Actor, scan_id: int, at: datetime, **parts: str | None) -> Scan:
    """Change some fields of the draft, or begin one."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    _write(scan, actor, parts)
    return scan


async def record_regions(
    session: AsyncSession, actor: Actor, scan_id: int, at: datetime, regions: Mapping[str, Mapping[str, Any]]
) -> Scan:
    """Set the findings of some regions: `{"phrases": […], "text": …}`; an empty mapping means normal.

    A diagnosis that no longer fits the regions is removed, and the advice band reset. Raises StaleAction for a region
    of another modality."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    if not set(regions) <= set(REGIONS[modality_of(scan)]):
        raise StaleAction
    regions = {**regions_of(scan), **regions}
    _write(scan, actor, {"regions": regions})
    assert scan.reading is not None
    if scan.reading.diagnosis and not matches(scan.reading.diagnosis, regions):
        _write(scan, actor, {"diagnosis": None, "band": Band.SEE_DOCTOR.value})
    return scan


def regions_of(scan: Scan) -> dict[str, Any]:
    """The regions recorded in the draft."""
    return dict(scan.reading.regions or {}) if scan.reading else {}


def remaining_regions(scan: Scan) -> dict[str, dict[str, Any]]:
    """The regions not recorded in the draft yet, as normal ones."""
    return {region: {} for region in REGIONS[modality_of(scan)] if region not in regions_of(scan)}


def modality_of(scan: Scan) -> str:
    """The modality that the model recognised, or else the one determined at upload."""
    return scan.finding.modality if scan.finding else scan.modality


def _write(scan: Scan, actor: Actor, parts: Mapping[str, Any]) -> None:
    """Set fields of the draft; the last person to write is its author."""
    assert actor.account_id is not None
    if scan.reading is None:
        scan.reading = Reading(scan_id=scan.id, **{**EMPTY_DRAFT, "band": Band.SEE_DOCTOR.value})
    for name, value in parts.items():
        setattr(scan.reading, name, value)
    scan.reading.doctor_id = actor.account_id


async def verify(
    session: AsyncSession, actor: Actor, scan_id: int, shown: str, at: datetime, agrees: bool | None = None
) -> Scan:
    """Sign the reading. The signing doctor becomes its author.

    `shown` is the `draft_hash` of the text that the doctor saw; raises WordsChanged for another text. `agrees` records
    whether the doctor agrees with the model."""
    scan = await advance(session, scan_id, Action.VERIFY, actor, at)
    _require_unchanged(scan, shown)
    assert scan.reading is not None
    assert actor.account_id is not None
    scan.reading.signed_at, scan.reading.doctor_id, scan.reading.agrees = at, actor.account_id, agrees
    scan.reading.compared = [earlier.id for earlier in await queries.earlier_scans(session, scan)]
    if agrees is not None:
        enqueue(session, JobKind.CHECK_DRIFT, at)
    return scan


def _require_unchanged(scan: Scan, shown: str) -> None:
    if draft_hash(scan) != shown:
        raise WordsChanged


async def prescribe(
    session: AsyncSession,
    actor: Actor,
    scan_id: int,
    lines: Sequence[str],
    at: datetime,
    formulary: Formulary | None = None,
) -> Scan:
    """Set the prescription and read its lines as data; an empty list means that no medicine is needed."""
    scan = await advance(session, scan_id, Action.PRESCRIBE, actor, at)
    await _write_lines(session, actor, scan, lines, at, formulary)
    return scan


async def remove_line(
    session: AsyncSession,
    actor: Actor,
    scan_id: int,
    line: ShownLine,
    at: datetime,
    formulary: Formulary | None = None,
) -> Scan:
    """Remove one line; with its last line the prescription goes, which is not the same as "no medicine needed".

    Raises WordsChanged."""
    scan = await advance(session, scan_id, Action.PRESCRIBE, actor, at)
    _require_unchanged(scan, line.draft_hash)
    if scan.prescription is None or not 0 <= line.position < len(scan.prescription.lines):
        raise StaleAction
    left = [one for index, one in enumerate(scan.prescription.lines) if index != line.position]
    if left:
        await _write_lines(session, actor, scan, left, at, formulary)
    else:
        await session.delete(scan.prescription)
        await session.flush()
        await session.refresh(scan, ["prescription"])
    return scan


async def _write_lines(
    session: AsyncSession, actor: Actor, scan: Scan, lines: Sequence[str], at: datetime, formulary: Formulary | None
) -> None:
    scan.prescription = await session.merge(
        Prescription(scan_id=scan.id, pharmacist_id=actor.account_id, lines=list(lines))
    )
    prescribing.set_lines(scan, scan.prescription, at, formulary)


async def complete(
    session: AsyncSession, actor: Actor, scan_id: int, shown: str, at: datetime, formulary: Formulary | None = None
) -> Scan:
    """Sign the prescription. `shown` is as in `verify`; raises WordsChanged, or AlertsOpen where a reason is missing.

    The checks run anew: the patient may have told of an allergy since the draft was shown."""
    scan = await advance(session, scan_id, Action.COMPLETE, actor, at)
    _require_unchanged(scan, shown)
    assert scan.prescription is not None
    assert actor.account_id is not None
    prescribing.require_no_open_alert(scan, at, formulary)
    if scan.prescription.read is None:
        prescribing.set_lines(scan, scan.prescription, at, formulary)
    scan.prescription.completed_at, scan.prescription.pharmacist_id = at, actor.account_id
    return scan


async def reject(session: AsyncSession, actor: Actor, scan_id: int, reason: str, at: datetime) -> Scan:
    """End the scan; a job asks the patient for a better picture and gives the reason."""
    scan = await advance(session, scan_id, Action.REJECT, actor, at)
    scan.reason = reason
    return scan
