"""The pharmacist's prescription: a draft until it is completed."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Prescription, Scan
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.formulary.load import Formulary
from workflow.prescriptions import prescribing, proposing
from workflow.scans import queries
from workflow.scans.cards import enqueue_card
from workflow.scans.draft_hash import require_unchanged
from workflow.transitions import Action, advance


class ShownLine(NamedTuple):
    """A line of a prescription by its position from 0, and the `draft_hash` of the draft in which it was shown."""

    position: int
    draft_hash: str


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
    line_shown(scan, line)
    assert scan.prescription is not None
    left = [one for index, one in enumerate(scan.prescription.lines) if index != line.position]
    if left:
        await _write_lines(session, actor, scan, left, at, formulary)
    else:
        await session.delete(scan.prescription)
        await session.flush()
        await session.refresh(scan, ["prescription"])
    return scan


def line_shown(scan: Scan, line: ShownLine) -> str:
    """The line's text. Raises WordsChanged for another draft, StaleAction for a line that it does not have."""
    require_unchanged(scan, line.draft_hash)
    if scan.prescription is None or not 0 <= line.position < len(scan.prescription.lines):
        raise StaleAction
    return scan.prescription.lines[line.position]


async def change_line(  # noqa: PLR0913, PLR0917 # as remove_line, and the text
    session: AsyncSession,
    actor: Actor,
    scan_id: int,
    line: ShownLine,
    text: str,
    at: datetime,
    formulary: Formulary | None = None,
) -> Scan:
    """Put `text` in the place of one line. Raises like `line_shown`."""
    scan = await advance(session, scan_id, Action.PRESCRIBE, actor, at)
    line_shown(scan, line)
    assert scan.prescription is not None
    lines = [text if index == line.position else one for index, one in enumerate(scan.prescription.lines)]
    await _write_lines(session, actor, scan, lines, at, formulary)
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
    """Sign the prescription; `shown` is the `draft_hash` of the text that the pharmacist saw.

    Raises WordsChanged, or AlertsOpen where a reason is missing.

    The checks run anew: the patient may have told of an allergy since the draft was shown."""
    scan = await advance(session, scan_id, Action.COMPLETE, actor, at)
    require_unchanged(scan, shown)
    assert scan.prescription is not None
    assert actor.account_id is not None
    prescribing.require_no_open_alert(scan, at, formulary)
    if scan.prescription.read is None:
        prescribing.set_lines(scan, scan.prescription, at, formulary)
    scan.prescription.completed_at, scan.prescription.pharmacist_id = at, actor.account_id
    scan.prescription.reading_version = scan.reading.version if scan.reading else None
    proposing.name_prescriber(scan, formulary)
    if scan.prescription.needs_doctor:
        for chat_id in await queries.chats_acting_as(session, Role.DOCTOR):
            enqueue_card(session, scan.id, chat_id, at, fresh=True)
    return scan


async def confirm(
    session: AsyncSession, actor: Actor, scan_id: int, shown: str, at: datetime, formulary: Formulary | None = None
) -> Scan:
    """Sign the completed prescription again, for the corrected reading; `shown` is the `draft_hash` of the card.

    Raises WordsChanged, or StaleAction where no confirmation is awaited."""
    scan = await advance(session, scan_id, Action.CONFIRM, actor, at)
    require_unchanged(scan, shown)
    assert scan.prescription is not None
    assert scan.reading is not None
    assert actor.account_id is not None
    scan.prescription.reading_version = scan.reading.version
    scan.prescription.completed_at, scan.prescription.pharmacist_id = at, actor.account_id
    if not scan.prescription.needs_doctor:  # the corrected reading may no longer propose the lines
        proposing.name_prescriber(scan, formulary)
    return scan


async def countersign(session: AsyncSession, actor: Actor, scan_id: int, shown: str, at: datetime) -> Scan:
    """Record the doctor as the prescriber of the completed prescription; `shown` is the `draft_hash` of the card.

    Raises WordsChanged, or StaleAction where no countersignature is awaited."""
    scan = await advance(session, scan_id, Action.COUNTERSIGN, actor, at)
    require_unchanged(scan, shown)
    assert scan.prescription is not None
    scan.prescription.countersigned_at, scan.prescription.countersigned_by = at, actor.account_id
    return scan
