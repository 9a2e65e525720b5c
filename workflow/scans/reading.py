"""The doctor's and the pharmacist's words: drafts that they may rewrite until they sign."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Prescription, Reading, Scan
from reports.content.document import Band
from reports.content.phrases import DIAGNOSES, diagnoses, filled, fits
from reports.content.reading import REGIONS
from workflow.actors import Actor
from workflow.errors import StaleAction, WordsChanged
from workflow.jobs import JobKind, enqueue
from workflow.reporting.content_hash import mark
from workflow.scans import queries
from workflow.transitions import Action, advance

BLANK: Final[Mapping[str, Any]] = {
    "findings": "",
    **dict.fromkeys(("own_reading", "impression", "recommendations", "regions", "diagnosis", "band", "why", "agrees")),
}


class Words(NamedTuple):
    """What a doctor types; `own_reading` is asked for when the model was uncertain."""

    findings: str
    impression: str | None = None
    recommendations: str | None = None
    own_reading: str | None = None


async def write_findings(session: AsyncSession, actor: Actor, scan_id: int, words: Words, at: datetime) -> Scan:
    """A fresh draft in the doctor's own words. "See your doctor" until the doctor says otherwise."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    _write(scan, actor, {**BLANK, **words._asdict(), "band": Band.SEE_DOCTOR.value})
    return scan


async def diagnose(session: AsyncSession, actor: Actor, scan_id: int, name: str, at: datetime) -> Scan:
    """A fresh draft from a ready diagnosis, every region filled in. Raises StaleAction for one that does not fit."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    if name not in diagnoses(kind_of(scan)):
        raise StaleAction
    _write(scan, actor, {**BLANK, "regions": filled(name), "diagnosis": name, "band": DIAGNOSES[name].band.value})
    return scan


async def revise(session: AsyncSession, actor: Actor, scan_id: int, at: datetime, **parts: str | None) -> Scan:
    """Change parts of the draft, or begin one, and leave the rest as it stands."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    _write(scan, actor, parts)
    return scan


async def look_at(
    session: AsyncSession, actor: Actor, scan_id: int, at: datetime, seen: Mapping[str, Mapping[str, Any]]
) -> Scan:
    """What was seen in some regions, `{"phrases": […], "text": …}`; neither phrase nor text says that all is normal.

    A diagnosis that the regions no longer bear out is taken back with what it told the patient."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    if not set(seen) <= set(REGIONS[kind_of(scan)]):
        raise StaleAction
    regions = {**regions_of(scan), **seen}
    _write(scan, actor, {"regions": regions})
    assert scan.reading is not None
    if scan.reading.diagnosis and not fits(scan.reading.diagnosis, regions):
        _write(scan, actor, {"diagnosis": None, "band": Band.SEE_DOCTOR.value})
    return scan


def regions_of(scan: Scan) -> dict[str, Any]:
    """The regions that the draft speaks of."""
    return dict(scan.reading.regions or {}) if scan.reading else {}


def untouched(scan: Scan) -> dict[str, dict[str, Any]]:
    """The regions that the draft does not speak of yet, as normal ones."""
    return {region: {} for region in REGIONS[kind_of(scan)] if region not in regions_of(scan)}


def kind_of(scan: Scan) -> str:
    """Chest X-ray or cardiac MRI, as the model read it."""
    return scan.finding.modality if scan.finding else scan.modality


def _write(scan: Scan, actor: Actor, parts: Mapping[str, Any]) -> None:
    """Whoever writes last is the draft's author."""
    assert actor.account_id is not None
    if scan.reading is None:
        scan.reading = Reading(scan_id=scan.id, **{**BLANK, "band": Band.SEE_DOCTOR.value})
    for name, value in parts.items():
        setattr(scan.reading, name, value)
    scan.reading.doctor_id = actor.account_id


async def verify(
    session: AsyncSession, actor: Actor, scan_id: int, seen: str, at: datetime, agrees: bool | None = None
) -> Scan:
    """Sign, and say whether the model was right. Whoever signs is the author from then on: the words are theirs now.

    `seen`: the mark of the words that stood before the doctor. Raises WordsChanged for other ones."""
    scan = await advance(session, scan_id, Action.VERIFY, actor, at)
    _as_seen(scan, seen)
    assert scan.reading is not None
    assert actor.account_id is not None
    scan.reading.signed_at, scan.reading.doctor_id, scan.reading.agrees = at, actor.account_id, agrees
    scan.reading.compared = [earlier.id for earlier in await queries.earlier_scans(session, scan)]
    if agrees is not None:
        enqueue(session, JobKind.CHECK_DRIFT, at)
    return scan


def _as_seen(scan: Scan, seen: str) -> None:
    if mark(scan) != seen:
        raise WordsChanged


async def prescribe(session: AsyncSession, actor: Actor, scan_id: int, lines: Sequence[str], at: datetime) -> Scan:
    """Set the prescription; no lines at all says that no medicine is needed."""
    scan = await advance(session, scan_id, Action.PRESCRIBE, actor, at)
    scan.prescription = await session.merge(
        Prescription(scan_id=scan_id, pharmacist_id=actor.account_id, lines=list(lines))
    )
    return scan


async def complete(session: AsyncSession, actor: Actor, scan_id: int, seen: str, at: datetime) -> Scan:
    """Sign like a doctor: what stood before the pharmacist, and nothing else."""
    scan = await advance(session, scan_id, Action.COMPLETE, actor, at)
    _as_seen(scan, seen)
    assert scan.prescription is not None
    assert actor.account_id is not None
    scan.prescription.completed_at, scan.prescription.pharmacist_id = at, actor.account_id
    return scan


async def reject(session: AsyncSession, actor: Actor, scan_id: int, reason: str, at: datetime) -> Scan:
    """End a scan here: the patient is told why and how to send a better picture."""
    scan = await advance(session, scan_id, Action.REJECT, actor, at)
    scan.reason = reason
    return scan
