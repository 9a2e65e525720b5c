"""The order of the queue: a table of cases, and the facts of rows that lead to it."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from models.base import Sessions
from models.tables.accounts import Account
from models.tables.desk import Ticket, TicketState, UrgencyQuestion
from models.tables.scans import CriticalResult, Prescription, Scan
from models.vocabulary import Risk, Role, ScanStatus
from tests.support.databases import statements
from tests.support.rows import NOW, Staff, a_person, a_scan, a_staff
from workflow.actors import Actor
from workflow.errors import NotAllowed
from workflow.queue import worklist
from workflow.queue.worklist import Case, Place, Priority, QueueFilter, order

HOUR = timedelta(hours=1)
WAITS = {
    "doctor": "PENDING_AI AI_ANALYZED",
    "pharmacist": "DOCTOR_VERIFIED",
    "administrator": "PHARMACIST_COMPLETED",
}
# From the first to the last one read.
IN_ORDER = (
    Case(urgent_words=True, waited=3 * HOUR),
    Case(urgent_words=True, critical=True, waited=HOUR),
    Case(critical=True, waited=2 * HOUR),
    Case(critical=True, red=True, waited=HOUR),
    Case(red=True, waited=30 * HOUR),
    Case(red=True, risk=Risk.LOW),
    Case(stat=True, waited=2 * HOUR),
    Case(stat=True, risk=Risk.HIGH, waited=HOUR),
    Case(words_not_now=True, risk=Risk.HIGH, waited=30 * HOUR),
    Case(words_not_now=True),
    Case(waited=26 * HOUR),
    Case(risk=Risk.HIGH, waited=25 * HOUR),
    Case(risk=Risk.HIGH, waited=24 * HOUR),
    Case(risk=Risk.HIGH, age=80),
    Case(risk=Risk.MODERATE, waited=20 * HOUR),
    Case(risk=Risk.MODERATE, age=4),
    Case(age=71, waited=5 * HOUR),
    Case(age=4, waited=4 * HOUR),
    Case(risk=Risk.LOW, age=0, waited=3 * HOUR),
    Case(age=5, waited=24 * HOUR),
    Case(risk=Risk.UNCLEAR, waited=10 * HOUR),
    Case(age=70, waited=9 * HOUR),
    Case(risk=Risk.LOW, waited=8 * HOUR),
    Case(),
)


@pytest.mark.parametrize(("first", "second"), list(pairwise(IN_ORDER)))
def test_the_first_reason_that_applies_decides_then_the_longest_wait(first: Case, second: Case) -> None:
    assert order(first) < order(second)


@pytest.mark.parametrize(
    "newcomer", [Case(risk=Risk.HIGH), Case(risk=Risk.MODERATE), Case(age=2), Case(age=90), Case()]
)
def test_nobody_is_passed_over_by_newcomers_for_more_than_a_day(newcomer: Case) -> None:
    """Only an emergency or a person's word still goes first then."""
    assert order(Case(waited=24 * HOUR + timedelta(seconds=1))) < order(newcomer)


def somebody(role: Role) -> Actor:
    return Actor(1, role)


async def ids(session: AsyncSession, role: Role = Role.DOCTOR, model_enabled: bool = True) -> list[int]:
    return [place.scan_id for place in await worklist.queue(session, somebody(role), NOW, model_enabled)]


async def scan_of(session: AsyncSession, staff: Staff, status: str, born: date | None = None) -> Scan:
    """A scan of a patient of its own."""
    patient = await a_person(session, Role.PATIENT, date_of_birth=born)
    scan = await a_scan(session, staff._replace(patient=patient), status)
    await session.refresh(scan, ["finding", "reading"])
    return scan


async def test_a_queue_holds_what_waits_for_the_role_oldest_first(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        batches = [{one.value: (await scan_of(session, staff, one)).id for one in ScanStatus} for _ in range(2)]
    async with sessions() as session:
        with pytest.raises(NotAllowed):
            await ids(session, Role.PATIENT)
        for role, expected in WAITS.items():
            listed = await ids(session, Role(role), model_enabled=False)
            assert listed == [batch[status] for batch in batches for status in expected.split()], role


async def test_rows_give_the_facts_of_the_order(sessions: Sessions) -> None:
    """One scan for each reason, created in the reverse order; the fixture's finding is of high risk."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        made = {Priority.ARRIVAL: await scan_of(session, staff, "PENDING_AI", date(1980, 1, 1))}
        made[Priority.AGE] = await scan_of(session, staff, "PENDING_AI", date(1930, 1, 1))
        made[Priority.MODERATE_RISK] = await scan_of(session, staff, "AI_ANALYZED")
        made[Priority.HIGH_RISK] = await scan_of(session, staff, "AI_ANALYZED")
        made[Priority.OVERDUE] = await scan_of(session, staff, "PENDING_AI")
        made[Priority.WORDS_NOT_NOW] = await scan_of(session, staff, "PENDING_AI")
        made[Priority.STAT] = await scan_of(session, staff, "PENDING_AI")
        made[Priority.STAT].stat_at = NOW
        made[Priority.RED] = await scan_of(session, staff, "DOCTOR_VERIFIED")
        made[Priority.CRITICAL] = await scan_of(session, staff, "AI_ANALYZED")
        made[Priority.URGENT_WORDS] = await scan_of(session, staff, "PENDING_AI")
        finding, reading = made[Priority.MODERATE_RISK].finding, made[Priority.RED].reading
        assert finding
        assert reading
        finding.abnormal, reading.band = 0.5, "urgent"
        made[Priority.RED].status = ScanStatus.AI_ANALYZED
        made[Priority.OVERDUE].created_at = NOW - 25 * HOUR
        doctor = staff.doctor.account_id or 0
        session.add(CriticalResult(scan_id=made[Priority.CRITICAL].id, doctor_id=doctor, marked_at=NOW))
        session.add_all((an_emergency(made[Priority.URGENT_WORDS]), an_answer(made[Priority.WORDS_NOT_NOW])))
    async with sessions() as session:
        places = await worklist.queue(session, somebody(Role.DOCTOR), NOW, model_enabled=True)
    assert [(place.priority, place.scan_id) for place in places] == [(one, made[one].id) for one in Priority]


@pytest.mark.parametrize("needs_doctor", [True, False, None])
@pytest.mark.parametrize("countersigned", [False, True])
async def test_a_doctors_queue_has_the_prescriptions_that_wait_for_a_countersignature(
    sessions: Sessions, needs_doctor: bool | None, countersigned: bool
) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await scan_of(session, staff, "PHARMACIST_COMPLETED")
        prescription = await session.get_one(Prescription, scan.id)
        prescription.needs_doctor, prescription.countersigned_at = needs_doctor, NOW if countersigned else None
    async with sessions() as session:
        places = await worklist.queue(session, somebody(Role.DOCTOR), NOW, model_enabled=True)
        assert await ids(session, Role.ADMINISTRATOR) == [scan.id]
    waits = bool(needs_doctor) and not countersigned
    assert [(one.scan_id, one.countersign) for one in places] == ([(scan.id, True)] if waits else [])


async def test_a_closed_emergency_gives_no_order(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        first, second = [await scan_of(session, staff, "PENDING_AI") for _ in range(2)]
        ticket = an_emergency(second)
        session.add(ticket)
        await session.flush()
        assert await ids(session) == [second.id, first.id]
        ticket.state, ticket.closed_at = TicketState.CLOSED, NOW
        await session.flush()
        assert await ids(session) == [first.id, second.id]


@pytest.mark.parametrize("silent", ["unsure", "child", "switched off", "signed"])
async def test_the_model_gives_no_order(sessions: Sessions, silent: str) -> None:
    """When it is unsure, for a child, when it is switched off, and after a doctor has signed."""
    role, status = (Role.PHARMACIST, "DOCTOR_VERIFIED") if silent == "signed" else (Role.DOCTOR, "AI_ANALYZED")
    async with sessions.begin() as session:
        staff = await a_staff(session)
        first, second = [await scan_of(session, staff, status, date(1980, 1, 1)) for _ in range(2)]
        assert first.finding
        assert second.finding
        first.finding.abnormal = 0.05
        second.finding.uncertain = silent == "unsure"
        if silent == "child":
            (await session.get_one(Account, second.patient_id)).date_of_birth = date(NOW.year - 10, 1, 1)
        await session.flush()
        assert await ids(session, role, silent != "switched off") == [first.id, second.id]
        if silent == "switched off":
            assert await ids(session, role) == [second.id, first.id]


async def test_a_released_scan_waits_for_nobody(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await scan_of(session, staff, "PHARMACIST_COMPLETED")
        assert await ids(session, Role.ADMINISTRATOR) == [scan.id]
        scan.released_at, scan.released_by = NOW, staff.administrator.account_id
        await session.flush()
        assert await ids(session, Role.ADMINISTRATOR) == []


def an_emergency(scan: Scan) -> Ticket:
    return Ticket(chat_id=scan.id, account_id=scan.patient_id, language="en", urgent=True, opened_at=NOW)


def an_answer(scan: Scan) -> UrgencyQuestion:
    """The question whether it is bad right now, answered with No."""
    return UrgencyQuestion(
        chat_id=scan.patient_id,
        account_id=scan.patient_id,
        language="en",
        text="chest pain since days",
        asked_at=NOW,
        answered_at=NOW,
        bad_now=False,
        scan_id=scan.id,
    )


PLACES = (
    Place(1, Priority.URGENT_WORDS),
    Place(2, Priority.CRITICAL, holder=9),
    Place(3, Priority.RED, child=True),
    Place(4, Priority.OVERDUE, modality="cardiac_mri"),
    Place(5, Priority.HIGH_RISK, modality="chest_xray", holder=7),
    Place(6, Priority.AGE, child=True),
)


@pytest.mark.parametrize(
    ("part", "left"), [("all", "123456"), ("mine", "5"), ("urgent", "123"), ("children", "36"), ("hearts", "4")]
)
def test_each_filter_leaves_its_part(part: str, left: str) -> None:
    assert "".join(str(one.scan_id) for one in PLACES if QueueFilter(part).matches(one, 7)) == left
    assert [one for one in PLACES if QueueFilter.MINE.matches(one, None)] == []


@pytest.mark.slow
async def test_a_long_queue_reads_few_columns_and_a_page_few_scans(engine: AsyncEngine, sessions: Sessions) -> None:
    """Three hundred scans with encrypted bands are ordered by the same few statements as three, and loaded by none."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        for at in range(300):
            scan = await scan_of(session, staff, "DOCTOR_VERIFIED")
            assert scan.reading
            scan.reading.band = "urgent" if at == 250 else "no_action"
    async with statements(engine) as seen, sessions() as session:
        places = await worklist.queue(session, somebody(Role.PHARMACIST), NOW, model_enabled=True)
        assert not [one for one in session.identity_map.values() if isinstance(one, Scan)]
        assert len(seen) <= 5
        scans = await worklist.page_of(session, somebody(Role.PHARMACIST), places[:6])
        assert len([one for one in session.identity_map.values() if isinstance(one, Scan)]) == 6
    assert places[0].priority is Priority.RED
    assert [scan.id for scan in scans] == [place.scan_id for place in places[:6]]
    assert len(places) == 300
