"""The order in which the scans that wait for a role are read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from models.crypto.columns import decrypt_value
from models.crypto.keys import load_data_keys
from models.tables.accounts import Account
from models.tables.claims import Claim
from models.tables.desk import Ticket, UrgencyQuestion
from models.tables.model_watch import ReadAhead
from models.tables.scans import AiFinding, CriticalResult, Prescription, Reading, Scan
from models.vocabulary import Band, Modality, Risk, Role, ScanStatus
from workflow.actors import Actor
from workflow.permissions import Permission, authorize, scans_in_scope
from workflow.scans import children
from workflow.scans.risk import risk_from
from workflow.transitions import WAITS_FOR

MAX_WAIT: Final = timedelta(hours=24)  # since arrival; then no risk of the model and no age goes first
YOUNG: Final = 5  # years; younger patients go first
OLD: Final = 70  # years; older patients go first


class Priority(IntEnum):
    """Why a scan has its place in the queue; lower values are read first.

    People decide the first five, so that neither the model nor a long wait goes before them."""

    URGENT_WORDS = 0  # an emergency that the patient reported is open
    CRITICAL = 1
    RED = 2
    STAT = 3  # staff asked for it to be read first
    WORDS_NOT_NOW = 4  # the patient wrote words of an emergency and answered that it is not bad right now
    OVERDUE = 5  # waits longer than MAX_WAIT
    HIGH_RISK = 6
    MODERATE_RISK = 7
    AGE = 8
    ARRIVAL = 9


URGENT: Final = frozenset(
    {Priority.URGENT_WORDS, Priority.CRITICAL, Priority.RED, Priority.STAT, Priority.WORDS_NOT_NOW}
)


class Case(NamedTuple):
    """The facts that give a scan its place. `risk` is UNCLEAR, and `age` None, where nothing is known."""

    urgent_words: bool = False
    critical: bool = False
    red: bool = False
    stat: bool = False
    words_not_now: bool = False
    risk: Risk = Risk.UNCLEAR
    age: int | None = None
    waited: timedelta = timedelta()


class Place(NamedTuple):
    """A scan in the queue, the reason for its place, and the facts that the filters ask for."""

    scan_id: int
    priority: Priority
    child: bool = False
    modality: str = ""
    holder: int | None = None  # account that holds the claim
    countersign: bool = False  # waits for a doctor's countersignature


class QueueFilter(StrEnum):
    """Parts of a queue that a reader may ask for."""

    ALL = "all"
    MINE = "mine"
    URGENT = "urgent"
    CHILDREN = "children"
    HEARTS = "hearts"

    def matches(self, place: Place, account_id: int | None) -> bool:
        match self:
            case QueueFilter.MINE:
                return place.holder is not None and place.holder == account_id
            case QueueFilter.URGENT:
                return place.priority in URGENT
            case QueueFilter.CHILDREN:
                return place.child
            case QueueFilter.HEARTS:
                return place.modality == Modality.CARDIAC_MRI
            case _:
                return True


def order(case: Case) -> tuple[Priority, timedelta]:
    """Sort key: the first reason that applies, then the longest wait since arrival."""
    reasons = (
        (Priority.URGENT_WORDS, case.urgent_words),
        (Priority.CRITICAL, case.critical),
        (Priority.RED, case.red),
        (Priority.STAT, case.stat),
        (Priority.WORDS_NOT_NOW, case.words_not_now),
        (Priority.OVERDUE, case.waited > MAX_WAIT),
        (Priority.HIGH_RISK, case.risk is Risk.HIGH),
        (Priority.MODERATE_RISK, case.risk is Risk.MODERATE),
        (Priority.AGE, case.age is not None and not YOUNG <= case.age <= OLD),
    )
    return next((reason for reason, applies in reasons if applies), Priority.ARRIVAL), -case.waited


async def queue(session: AsyncSession, actor: Actor, at: datetime, model_enabled: bool) -> Sequence[Place]:
    """All scans that wait for the actor's role, in the order of `order`; a doctor's also wait for a countersignature.

    Raises what `authorize` raises. One query reads the few columns that the order needs, so that a long queue loads
    no scan as a whole."""
    authorize(actor, Permission.SEE_QUEUE)
    waiting = _waiting(actor.role)
    encrypted = or_(Reading.band.is_not(None), ReadAhead.result.is_not(None), _maybe_countersign())
    keys = waiting.with_only_columns(Account.key_id).where(encrypted)
    await session.run_sync(lambda sync: load_data_keys(sync.connection(), sync.info, keys))
    rows = (await session.execute(waiting)).all()
    bands = await session.run_sync(_bands, rows)
    ahead = await session.run_sync(_read_ahead, rows) if model_enabled else {}
    unsigned = await session.run_sync(_to_countersign, rows) if actor.role is Role.DOCTOR else frozenset()
    emergencies = select(Ticket.account_id).where(Ticket.urgent.is_(True), Ticket.closed_at.is_(None))
    patients = set(await session.scalars(emergencies))
    marks = select(UrgencyQuestion.scan_id).join(Scan, Scan.id == UrgencyQuestion.scan_id)
    marked = set(await session.scalars(marks.where(UrgencyQuestion.bad_now.is_(False), Scan.status.in_(WAITS_FOR))))
    places = []
    for row in rows:
        if actor.role is Role.DOCTOR and row.status is ScanStatus.PHARMACIST_COMPLETED and row.id not in unsigned:
            continue
        risk = _risk(row, ahead) if model_enabled else Risk.UNCLEAR
        case = _case(row, at, row.patient_id in patients, bands.get(row.id), risk)
        key = order(case._replace(words_not_now=row.id in marked))
        place = Place(row.id, key[0], _is_child(row), row.modality, row.holder, row.id in unsigned)
        places.append((key, row.id, place))
    return [place for *_, place in sorted(places, key=lambda one: one[:2])]


async def page_of(session: AsyncSession, actor: Actor, places: Sequence[Place]) -> Sequence[Scan]:
    """The whole scans of these places, in their order."""
    ids = [place.scan_id for place in places]
    found = await session.scalars(scans_in_scope(actor, Permission.SEE_QUEUE).where(Scan.id.in_(ids)))
    return sorted(found, key=lambda scan: ids.index(scan.id))


def _waiting(role: Role) -> Select[Any]:
    """The columns that the order needs, of the scans that wait for this role."""
    stages = {status for status, waiting in WAITS_FOR.items() if waiting is role}
    doctor = role is Role.DOCTOR
    stages |= {ScanStatus.PHARMACIST_COMPLETED} if doctor else set()
    return (
        select(
            *(Scan.id, Scan.patient_id, Scan.status, Scan.modality, Scan.created_at, Scan.stat_at),
            Account.date_of_birth,
            *(AiFinding.uncertain, AiFinding.abnormal, AiFinding.label, Reading.signed_at, Reading.band),
            CriticalResult.scan_id.is_not(None).label("critical"),
            Claim.account_id.label("holder"),
            *(Prescription.needs_doctor, ReadAhead.result.label("ahead")),
        )
        .select_from(Scan)
        .join(Account, Account.id == Scan.patient_id)
        .outerjoin(AiFinding, AiFinding.scan_id == Scan.id)
        .outerjoin(Reading, Reading.scan_id == Scan.id)
        .outerjoin(Prescription, Prescription.scan_id == Scan.id)
        .outerjoin(CriticalResult, CriticalResult.scan_id == Scan.id)
        .outerjoin(Claim, Claim.scan_id == Scan.id)
        .outerjoin(ReadAhead, ReadAhead.scan_id == Scan.id)
        .where(Scan.status.in_(stages), Scan.released_at.is_(None), Account.erased_at.is_(None))
        .where(_maybe_countersign() | (Scan.status != ScanStatus.PHARMACIST_COMPLETED) if doctor else true())
    )


def _maybe_countersign() -> ColumnElement[bool]:
    """SQL condition; whether a doctor is needed is encrypted, see `_to_countersign`."""
    return and_(
        Scan.status == ScanStatus.PHARMACIST_COMPLETED,
        Prescription.needs_doctor.is_not(None),
        Prescription.countersigned_at.is_(None),
    )


def _to_countersign(session: Session, rows: Sequence[Row[Any]]) -> frozenset[int]:
    """The scans whose prescription waits for a doctor: see `workflow.guards.awaits_countersignature`."""
    completed = [row for row in rows if row.status is ScanStatus.PHARMACIST_COMPLETED]
    return frozenset(
        row.id
        for row in completed
        if decrypt_value(session, row.needs_doctor, Prescription(scan_id=row.id).aad(), "needs_doctor")
    )


def _bands(session: Session, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """The bands of the readings, which are encrypted, by scan."""
    banded = [row for row in rows if row.band is not None]
    return {row.id: decrypt_value(session, row.band, Reading(scan_id=row.id).aad(), "band") for row in banded}


def _case(row: Row[Any], at: datetime, urgent_words: bool, band: str | None, risk: Risk) -> Case:
    return Case(
        urgent_words=urgent_words,
        critical=row.critical,
        red=band == Band.URGENT,
        stat=row.stat_at is not None,
        risk=risk,
        age=children.age_on(row.created_at.date(), row.date_of_birth) if row.date_of_birth else None,
        waited=at - row.created_at,
    )


def _read_ahead(session: Session, rows: Sequence[Row[Any]]) -> dict[int, Risk]:
    """The model's risk of the scans that wait for their analysis, by scan."""
    risks = {}
    for row in (row for row in rows if row.ahead is not None):
        result = decrypt_value(session, row.ahead, ReadAhead(scan_id=row.id).aad(), "result")
        known = children.withhold_certainty(result, row.date_of_birth, row.created_at.date())
        risks[row.id] = risk_from(known["uncertain"], known["abnormal"], known["label"])
    return risks


def _risk(row: Row[Any], ahead: Mapping[int, Risk]) -> Risk:
    """The model's risk until a doctor has signed, read ahead before the analysis; UNCLEAR for a child."""
    if row.signed_at is not None or _is_child(row):
        return Risk.UNCLEAR
    if row.uncertain is None:
        return ahead.get(row.id, Risk.UNCLEAR)
    return risk_from(row.uncertain, row.abnormal, row.label)


def _is_child(row: Row[Any]) -> bool:
    return children.is_child(row.date_of_birth, row.created_at.date())
