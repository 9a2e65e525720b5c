"""The doctor's reading: a draft until it is signed."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Reading, Scan
from models.vocabulary import Band
from reports.content.phrases import DIAGNOSES, diagnoses, matches, merged, names_in, regions_for
from reports.content.reading import REGIONS
from workflow import claims
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.consistency.checks import conflicts
from workflow.consistency.table import highest
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.scans import critical, drafts, presets, queries
from workflow.scans.children import is_child
from workflow.scans.draft_hash import require_unchanged
from workflow.transitions import WAITS_FOR, Action, advance, lock_scan, require_applicable

EMPTY_DRAFT: Final[Mapping[str, Any]] = {
    "findings": "",
    **dict.fromkeys(("own_reading", "impression", "recommendations", "regions", "diagnosis", "band", "why", "agrees")),
    **dict.fromkeys(("override", "no_alert", "difference_seen")),
}


class Reason(StrEnum):
    """The subject of a doctor's reason. The values are columns of a reading and audit acts."""

    OVERRIDE = "override"  # signing against the table of consistency
    NO_ALERT = "no_alert"  # an urgent band that raises no critical result


class TypedFindings(NamedTuple):
    """Free text of a reading. `own_reading` is required when the model was uncertain."""

    findings: str
    impression: str | None = None
    recommendations: str | None = None
    own_reading: str | None = None


async def write_findings(session: AsyncSession, actor: Actor, scan_id: int, text: TypedFindings, at: datetime) -> Scan:
    """Replace the draft by free text; the advice band is "see your doctor" until the doctor changes it."""
    scan = await _open_draft(session, actor, scan_id, at)
    _write(scan, actor, {**EMPTY_DRAFT, **text._asdict(), "band": Band.SEE_DOCTOR.value})
    return scan


async def apply_diagnosis(session: AsyncSession, actor: Actor, scan_id: int, name: str, at: datetime) -> Scan:
    """Replace the draft by a ready diagnosis with every region filled in. Raises StaleAction for another modality's."""
    scan = await _open_draft(session, actor, scan_id, at)
    if name not in diagnoses(modality_of(scan)):
        raise StaleAction
    _write(
        scan,
        actor,
        {**EMPTY_DRAFT, "regions": regions_for(name), "diagnosis": name, "band": DIAGNOSES[name].band.value},
    )
    if DIAGNOSES[name].phrases:  # the normal one has its own place on top
        await presets.note_use(session, actor, name)
    return scan


async def add_diagnosis(session: AsyncSession, actor: Actor, scan_id: int, name: str, at: datetime) -> Scan:
    """Add a ready reading to the draft, or begin one; the most urgent band stays. Beside a typed conclusion only its
    finding is added, so that the patient's page keeps the typed words and names the finding.

    Raises StaleAction for a normal one, for another modality's, and for one of adults only on a child's scan."""
    scan = await _open_draft(session, actor, scan_id, at)
    if name not in offered(scan) or not DIAGNOSES[name].phrases:
        raise StaleAction
    await presets.note_use(session, actor, name)
    band, before = DIAGNOSES[name].band, scan.reading
    if before is None:
        _write(scan, actor, {"regions": regions_for(name), "diagnosis": name, "band": band.value})
        return scan
    typed = bool(before.findings or before.impression)
    kept = [one for one in names_in(before.diagnosis) if DIAGNOSES[one].phrases and one != name]
    parts = {"regions": merged(regions_of(scan), name), "band": highest([band, Band(before.band or band)]).value}
    _write(scan, actor, parts | {"diagnosis": before.diagnosis if typed else "+".join([*kept, name])})
    return scan


def offered(scan: Scan) -> tuple[str, ...]:
    """The ready readings of the scan's modality that fit the patient's age."""
    return diagnoses(modality_of(scan), is_child(scan.patient.date_of_birth, scan.created_at.date()))


async def revise_draft(
    session: AsyncSession, actor: Actor, scan_id: int, at: datetime, **parts: str | list[str] | None
) -> Scan:
    """Change some fields of the draft, or begin one."""
    scan = await _open_draft(session, actor, scan_id, at)
    _write(scan, actor, parts)
    return scan


async def add_phrase(session: AsyncSession, actor: Actor, scan_id: int, number: int, at: datetime) -> Scan:
    """Add an own phrase to the draft's impression, or begin a draft with it. Raises StaleAction for a deleted one."""
    scan = await _open_draft(session, actor, scan_id, at)
    text, written = await presets.take_phrase(session, actor, number), (scan.reading and scan.reading.impression) or ""
    _write(scan, actor, {"impression": written if text in written else f"{written}\n{text}".strip()})
    return scan


async def give_reason(
    session: AsyncSession, actor: Actor, scan_id: int, about: Reason, reason: str, at: datetime
) -> Scan:
    """Record why the draft is signed against the table (for its contradictions as they are now), or why its urgent
    band raises no critical result. The reason is printed in the report; `reason` is a ready key or typed text."""
    scan = await _open_draft(session, actor, scan_id, at)
    if scan.reading is None:
        raise StaleAction
    checks = [one.key for one in conflicts(scan.reading) if not one.refused]
    value = {"checks": checks, "reason": reason} if about is Reason.OVERRIDE else reason
    _write(scan, actor, {about.value: value})
    kinds = sorted({key.partition(":")[0] for key in checks}) if about is Reason.OVERRIDE else []
    event = AuditEvent(about, "scan", scan_id, scan.patient_id, scan.version, reason=",".join(kinds) or None)
    await record(session, actor, event, at)
    return scan


async def record_difference_seen(session: AsyncSession, actor: Actor, scan_id: int, shown: str, at: datetime) -> None:
    """Record that the doctor has seen the model's answer beside the differing reading. Raises StaleAction,
    WordsChanged (see `verify`) or what `queries.scan_for` raises."""
    await queries.scan_for(session, scan_id, actor, Action.VERIFY)
    scan = await lock_scan(session, scan_id)
    require_applicable(scan, Action.VERIFY)
    if scan.reading is None:
        raise StaleAction
    if WAITS_FOR.get(scan.status) is actor.role:  # a correction is made beside the pharmacist's claim
        await claims.hold(session, scan, actor, at)
    require_unchanged(scan, shown)
    scan.reading.difference_seen = True
    event = AuditEvent("see_difference", "scan", scan_id, scan.patient_id, scan.version)
    await record(session, actor, event, at)


async def record_regions(
    session: AsyncSession, actor: Actor, scan_id: int, at: datetime, regions: Mapping[str, Mapping[str, Any]]
) -> Scan:
    """Set the findings of some regions: `{"phrases": […], "text": …}`; an empty mapping means normal.

    A ready reading that no longer fits the regions is removed from the diagnosis, and the advice band reset. Raises
    StaleAction for a region of another modality."""
    scan = await _open_draft(session, actor, scan_id, at)
    if not set(regions) <= set(REGIONS[modality_of(scan)]):
        raise StaleAction
    regions = {**regions_of(scan), **regions}
    _write(scan, actor, {"regions": regions})
    assert scan.reading is not None
    names = names_in(scan.reading.diagnosis)
    fitting = [name for name in names if matches(name, regions)]
    if len(fitting) < len(names):
        band = highest([Band.SEE_DOCTOR, *(DIAGNOSES[name].band for name in fitting)])
        _write(scan, actor, {"diagnosis": "+".join(fitting) or None, "band": band.value})
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


async def _open_draft(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """The locked scan, whose draft is the actor's from now on; another doctor's draft is kept."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    await drafts.become_author(session, actor, scan, at)
    return scan


def _write(scan: Scan, actor: Actor, parts: Mapping[str, Any]) -> None:
    """Set fields of the draft; the last person to write is its author. A seen difference from the model lapses."""
    assert actor.account_id is not None
    if scan.reading is None:
        scan.reading = Reading(scan_id=scan.id, **{**EMPTY_DRAFT, "band": Band.SEE_DOCTOR.value})
    for name, value in parts.items():
        setattr(scan.reading, name, value)
    scan.reading.doctor_id, scan.reading.difference_seen = actor.account_id, None


async def verify(
    session: AsyncSession, actor: Actor, scan_id: int, shown: str, at: datetime, agrees: bool | None = None
) -> Scan:
    """Sign the reading. The signing doctor becomes its author.

    `shown` is the `draft_hash` of the text that the doctor saw; raises WordsChanged for another text. `agrees` records
    whether the doctor agrees with the model. Raises Inconsistent for a reading that contradicts itself without a
    recorded reason, or differs gravely from the model unseen. An urgent band raises the critical result (see
    `raises_critical`)."""
    scan = await advance(session, scan_id, Action.VERIFY, actor, at)
    require_unchanged(scan, shown)
    await drafts.become_author(session, actor, scan, at)
    assert scan.reading is not None
    assert actor.account_id is not None
    _drop_unneeded_reasons(scan.reading)
    if scan.reading.difference_seen:
        agrees = False  # the words differ gravely, whichever button was pressed
    scan.reading.signed_at, scan.reading.doctor_id, scan.reading.agrees = at, actor.account_id, agrees
    scan.reading.compared = [earlier.id for earlier in await queries.earlier_scans(session, scan)]
    if agrees is not None:
        enqueue(session, JobKind.CHECK_DRIFT, at)
    await drafts.announce_correction(session, scan, at)
    if raises_critical(scan.reading):
        await critical.mark(session, actor, scan_id, at)
    return scan


def raises_critical(reading: Reading) -> bool:
    """Whether signing this reading raises a critical result by itself: an urgent band without a reason against it."""
    return reading.band == Band.URGENT and reading.no_alert is None


def _drop_unneeded_reasons(reading: Reading) -> None:
    """Keep only the reasons that apply to the reading as signed."""
    standing = {one.key for one in conflicts(reading)}
    if reading.override:
        kept = [key for key in reading.override["checks"] if key in standing]
        reading.override = {**reading.override, "checks": kept} if kept else None
    if reading.band != Band.URGENT:
        reading.no_alert = None


async def reject(session: AsyncSession, actor: Actor, scan_id: int, reason: str, at: datetime) -> Scan:
    """End the scan; a job asks the patient for a better picture and gives the reason."""
    scan = await advance(session, scan_id, Action.REJECT, actor, at)
    scan.reason = reason
    return scan
