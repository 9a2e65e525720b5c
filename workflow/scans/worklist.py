"""The order in which the scans that wait for a role are read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.desk import Ticket, UrgencyQuestion
from models.tables.scans import Scan
from models.vocabulary import Risk, Role
from workflow.scans import children, queries
from workflow.scans.risk import risk_of
from workflow.transitions import WAITS_FOR

MAX_WAIT: Final = timedelta(hours=24)  # since arrival; then no risk of the model and no age goes first
YOUNG: Final = 5  # years; younger patients go first
OLD: Final = 70  # years; older patients go first


class Priority(IntEnum):
    """Why a scan has its place in the queue; lower values are read first.

    People decide the first four, so that neither the model nor a long wait goes before them."""

    URGENT_WORDS = 0  # an emergency that the patient reported is open
    CRITICAL = 1
    RED = 2
    WORDS_NOT_NOW = 3  # the patient wrote words of an emergency and answered that it is not bad right now
    OVERDUE = 4  # waits longer than MAX_WAIT
    HIGH_RISK = 5
    MODERATE_RISK = 6
    AGE = 7
    ARRIVAL = 8


class Case(NamedTuple):
    """The facts that give a scan its place. `risk` is UNCLEAR, and `age` None, where nothing is known."""

    urgent_words: bool = False
    critical: bool = False
    red: bool = False
    words_not_now: bool = False
    risk: Risk = Risk.UNCLEAR
    age: int | None = None
    waited: timedelta = timedelta()


class Place(NamedTuple):
    """A scan in the queue and the reason for its place."""

    scan: Scan
    priority: Priority


def order(case: Case) -> tuple[Priority, timedelta]:
    """Sort key: the first reason that applies, then the longest wait since arrival."""
    reasons = (
        (Priority.URGENT_WORDS, case.urgent_words),
        (Priority.CRITICAL, case.critical),
        (Priority.RED, case.red),
        (Priority.WORDS_NOT_NOW, case.words_not_now),
        (Priority.OVERDUE, case.waited > MAX_WAIT),
        (Priority.HIGH_RISK, case.risk is Risk.HIGH),
        (Priority.MODERATE_RISK, case.risk is Risk.MODERATE),
        (Priority.AGE, case.age is not None and not YOUNG <= case.age <= OLD),
    )
    return next((reason for reason, applies in reasons if applies), Priority.ARRIVAL), -case.waited


async def queue(session: AsyncSession, role: Role, at: datetime, model_enabled: bool) -> Sequence[Place]:
    """All scans that wait for this role, in the order of `order`."""
    stages = [status for status, waiting in WAITS_FOR.items() if waiting is role]
    waiting = select(Scan).where(Scan.status.in_(stages), Scan.released_at.is_(None))
    emergencies = select(Ticket.account_id).where(Ticket.urgent.is_(True), Ticket.closed_at.is_(None))
    patients = set(await session.scalars(emergencies))
    places = []
    marks = select(UrgencyQuestion.scan_id).where(UrgencyQuestion.bad_now.is_(False))
    marked = set(await session.scalars(marks))
    for scan in await session.scalars(waiting.order_by(Scan.id)):  # bands are encrypted: sorted here
        case = _case(scan, at, scan.patient_id in patients, model_enabled)
        key = order(case._replace(words_not_now=scan.id in marked))
        places.append((key, Place(scan, key[0])))
    return [place for _, place in sorted(places, key=lambda pair: pair[0])]


def _case(scan: Scan, at: datetime, urgent_words: bool, model_enabled: bool) -> Case:
    born, arrived = scan.patient.date_of_birth, scan.created_at
    return Case(
        urgent_words=urgent_words,
        critical=queries.is_critical(scan),
        red=queries.is_urgent(scan),
        risk=_risk(scan) if model_enabled else Risk.UNCLEAR,
        age=children.age_on(arrived.date(), born) if born else None,
        waited=at - arrived,
    )


def _risk(scan: Scan) -> Risk:
    """The model's risk until a doctor has signed; UNCLEAR for a child."""
    signed = scan.reading is not None and scan.reading.signed_at is not None
    if scan.finding is None or signed or children.is_child(scan.patient.date_of_birth, scan.created_at.date()):
        return Risk.UNCLEAR
    return risk_of(scan.finding)
