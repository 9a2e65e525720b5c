"""/privacy: a patient reads what is kept of them, who looked, for how long, and what was agreed to."""

from datetime import UTC, datetime, timedelta

from models.tables.people import Role
from models.tables.scans import Status
from tests.promises.test_nobody_beyond_role_and_ownership import _moves_in
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, says
from workflow.accounts.consent import VERSION
from workflow.audit.chain import Entry, note


async def test_a_patient_reads_counts_looks_times_and_agreement_and_no_health_data(house: House) -> None:
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await settles(house)
    await house.amina.sends("/privacy")
    told = (await house.amina.sees("What is kept of you")).text
    assert "Scans: 1 · reports: 1 · prescriptions: 1" in told
    assert "doctor: looked" in told
    assert "the computer · sent you the report of scan #1" in told
    until = datetime.now(house.app.clinic.letterhead.zone) + timedelta(days=1096)
    assert f"until {until.day} {until:%B %Y} at least" in told
    assert f"Version {VERSION}" in told
    for word in ("Amina", "Rao", "Joseph", "amina@", "opacit", "Consistent", "Paracetamol", "COVID"):
        assert word not in told, word


async def test_what_belongs_to_others_is_not_counted_and_times_are_the_clinics(house: House) -> None:
    """A look of yesterday noon in UTC is read as 17:30 in Kolkata."""
    bela = await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)
    scan = await a_scan(house, Status.AI_ANALYZED)
    noon = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0)
    async with house.app.clinic.sessions.begin() as session:
        await note(session, None, Entry("look:card", "scan", scan, 1), noon)
    await bela.sends("/privacy")
    told = (await bela.sees("What is kept of you")).text
    assert "Scans: 0 · reports: 0" in told
    assert "scan #" not in told
    assert says(house, "privacy.no_consent") in told
    await house.amina.sends("/privacy")
    assert ", 17:30 · the computer · looked at scan #1" in (await house.amina.sees("What is kept of you")).text


async def test_staff_and_strangers_have_no_such_page(house: House) -> None:
    stranger = await house.clinic.person("Nobody At All")
    for person in (house.rao, house.meena, house.joseph):
        await person.sends("/privacy")
        await person.sees(says(house, "error.not_allowed"))
    await stranger.sends("/privacy")
    await stranger.sees("I do not know you yet")
