"""The buttons of a scan's card for a member of staff: what role, status and claim allow."""

from collections.abc import Sequence
from typing import Final

from handlers.ui.callbacks import CardAction
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from workflow.guards import awaits_confirmation, awaits_countersignature, draft_open
from workflow.reporting import builder
from workflow.scans.clarifications import addressees
from workflow.scans.intake import may_be_duplicate
from workflow.transitions import WAITS_FOR

WRITING: Final = frozenset(
    (
        *(CardAction.ANALYSE, CardAction.WRITE_FINDINGS, CardAction.VERIFY, CardAction.BETTER_PICTURE),
        CardAction.SAME_SCAN,
        *(CardAction.PRESCRIBE, CardAction.NO_MEDICINE, CardAction.COMPLETE),
        *(CardAction.APPROVE, CardAction.REJECT),
    )
)


def staff_actions(
    scan: Scan, role: Role, heat_map: bool, reader_id: int | None, comparable: bool = False
) -> Sequence[CardAction]:
    """The actions of a card, with "Give back" for the holder of the claim.

    For others who could act, "Take over" stands in place of what writes. `comparable`: there is an earlier film."""
    actions = [*_actions(scan, role, heat_map), *([CardAction.COMPARE] if comparable else [])]
    if scan.claim is None or WAITS_FOR.get(scan.status) is not role or scan.released_at is not None:
        return actions
    if scan.claim.account_id == reader_id:
        return [*actions, CardAction.GIVE_BACK]
    return [*(one for one in actions if one not in WRITING), CardAction.TAKE_OVER]


def has_heat_map(scan: Scan) -> bool:
    return scan.finding is not None and scan.finding.heatmap_file is not None


def _actions(scan: Scan, role: Role, heat_map: bool) -> Sequence[CardAction]:
    picture = [CardAction.PICTURE if heat_map else CardAction.HEAT_MAP] if has_heat_map(scan) else []
    reading = [*([CardAction.PRELIMINARY] if builder.is_preliminary(scan) else []), CardAction.READ_ALL]
    match role, scan.status:
        case Role.DOCTOR, ScanStatus.PENDING_AI:
            own = [*([] if scan.analysis_asked_at else [CardAction.ANALYSE]), CardAction.BETTER_PICTURE]
        case Role.DOCTOR, ScanStatus.AI_ANALYZED:
            own = [CardAction.WRITE_FINDINGS, CardAction.VERIFY, CardAction.BETTER_PICTURE, CardAction.READ_ALL]
        case Role.PHARMACIST, ScanStatus.DOCTOR_VERIFIED:
            own = [CardAction.PRESCRIBE, CardAction.NO_MEDICINE, CardAction.COMPLETE, *reading]
        case Role.ADMINISTRATOR, ScanStatus.PHARMACIST_COMPLETED if not scan.released_at:
            own = [CardAction.APPROVE, CardAction.REJECT, *reading]
        case Role.PHARMACIST, ScanStatus.PHARMACIST_COMPLETED if awaits_confirmation(scan) and not scan.released_at:
            own = [CardAction.CONFIRM, *reading]
        case Role.DOCTOR, ScanStatus.REPORT_READY:
            own = [CardAction.REPORT, CardAction.READ_ALL, CardAction.AMEND, CardAction.ADDENDUM]
        case _, ScanStatus.REPORT_READY:
            own = [CardAction.REPORT, CardAction.READ_ALL]
        case _:
            own = reading
    doctors = _doctors_actions(scan) if role is Role.DOCTOR else []
    voice = [CardAction.VOICE] if scan.voices else []
    return [*picture, *own, *doctors, *voice, *_question_actions(scan, role), *_stat(scan, role)]


def _question_actions(scan: Scan, role: Role) -> list[CardAction]:
    """Whom this role may ask about the scan, and the questions so far."""
    asked = addressees(scan, role)
    ways = {CardAction.ASK_DOCTOR: Role.DOCTOR in asked, CardAction.ASK_PATIENT: Role.PATIENT in asked}
    ways[CardAction.QUESTIONS] = bool(scan.clarifications)
    return [action for action, is_possible in ways.items() if is_possible]


def _stat(scan: Scan, role: Role) -> list[CardAction]:
    if role not in {Role.DOCTOR, Role.ADMINISTRATOR} or scan.status not in WAITS_FOR or scan.released_at is not None:
        return []
    return [CardAction.NOT_STAT if scan.stat_at else CardAction.STAT]


def _doctors_actions(scan: Scan) -> list[CardAction]:
    signed = scan.status in {ScanStatus.DOCTOR_VERIFIED, ScanStatus.PHARMACIST_COMPLETED} and not scan.released_at
    possible = {
        CardAction.COUNTERSIGN: awaits_countersignature(scan),
        CardAction.CORRECT: signed and not draft_open(scan),
        CardAction.WRITE_FINDINGS: signed and draft_open(scan),
        CardAction.VERIFY: signed and draft_open(scan),
        CardAction.CRITICAL: _may_be_critical(scan),
        CardAction.SAME_SCAN: may_be_duplicate(scan),
        CardAction.ORIGINAL: scan.status in WAITS_FOR and not scan.released_at,
    }
    return [action for action, is_possible in possible.items() if is_possible]


def _may_be_critical(scan: Scan) -> bool:
    """Whether the reading exists, is not marked as critical yet, and is not released yet."""
    waiting = scan.status in {ScanStatus.AI_ANALYZED, ScanStatus.DOCTOR_VERIFIED, ScanStatus.PHARMACIST_COMPLETED}
    return waiting and scan.reading is not None and scan.critical is None and scan.released_at is None
