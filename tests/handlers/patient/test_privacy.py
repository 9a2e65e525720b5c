"""/privacy: patients read which data are kept, for how long, each access, and their consents."""

from datetime import UTC, datetime, timedelta

import pytest

from models.vocabulary import Role, ScanStatus
from tests.support.jobs import settles
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import a_scan, sentence_for
from workflow.audit.chain import AuditEvent, record
from workflow.consent import VERSION


@pytest.mark.slow
async def test_a_patient_reads_counts_looks_times_and_agreement_and_no_health_data(clinic: Clinic) -> None:
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await settles(clinic)
    await clinic.amina.sends("/privacy")
    shown = (await clinic.amina.sees("What is kept of you")).text
    assert "Scans: 1 · reports: 1 · prescriptions: 1" in shown
    assert "doctor: looked" in shown
    assert "the computer · sent you the report of scan #1" in shown
    until = datetime.now(clinic.app.services.issuer.zone) + timedelta(days=1096)
    assert f"until {until.day} {until:%B %Y} at least" in shown
    assert f"Version {VERSION}" in shown
    for word in ("Amina", "Rao", "Joseph", "amina@", "opacit", "Consistent", "Paracetamol", "COVID"):
        assert word not in shown, word


async def test_what_belongs_to_others_is_not_counted_and_times_are_the_clinics(clinic: Clinic) -> None:
    """An access of yesterday noon UTC is shown as 17:30 in Kolkata."""
    bela = await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    noon = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0)
    async with clinic.app.services.sessions.begin() as session:
        await record(session, None, AuditEvent("look:card", "scan", scan, 1), noon)
    await bela.sends("/privacy")
    shown = (await bela.sees("What is kept of you")).text
    assert "Scans: 0 · reports: 0" in shown
    assert "scan #" not in shown
    assert sentence_for(clinic, "privacy.no_consent") in shown
    await clinic.amina.sends("/privacy")
    assert ", 17:30 · the computer · looked at scan #1" in (await clinic.amina.sees("What is kept of you")).text


async def test_staff_and_strangers_have_no_such_page(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    for person in (clinic.rao, clinic.meena, clinic.joseph):
        await person.sends("/privacy")
        await person.sees(sentence_for(clinic, "error.not_allowed"))
    await stranger.sends("/privacy")
    await stranger.sees("I do not know you yet")
