"""Medicines of Schedule H, H1 and X wait for a doctor's countersignature before a release code can be asked for."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from handlers.ui.callbacks import CardAction
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, button, scan_row, sentence_for
from workflow.formulary.load import load
from workflow.prescriptions import prescription
from workflow.scans import claims
from workflow.scans.draft_hash import draft_hash

SCHEDULES = {  # of India's Drugs Rules, a second time by hand
    "paracetamol": None,
    "cetirizine": None,
    "amoxicillin": "H",
    "warfarin": "H",
    "salbutamol": "H",
    "rifampicin": "H1",
    "cefixime": "H1",
    "tramadol": "H1",
    "methylphenidate": "X",
    "ketamine": "X",
}
NEEDED = [  # what is completed, and whether a doctor has to countersign
    ([], False),
    (["Paracetamol 500 mg tds x 3d"], False),
    (["Drink plenty of water"], False),
    (["Paracetamol 500 mg tds x 3d", "Tab Azithro 500 OD 3 days"], True),
    (["Cap Rifampicin 450 mg od"], True),
    (["Zzqqx 50 mg od"], True),  # not read: it may be on a schedule
    (["\nready.fever"], False),
    (["\nready.antibiotic"], True),
]
DUE = "Waits for a doctor"


async def _completed(clinic: Clinic, *lines: str) -> int:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    now = datetime.now(UTC)
    async with clinic.app.services.sessions.begin() as session:
        meena = await actor(session, "meena@example.org")
        scan = await prescription.prescribe(session, meena, scan_id, lines, now)
        await prescription.complete(session, meena, scan_id, draft_hash(scan), now)
    return scan_id


def test_the_data_hold_the_schedules_with_a_source() -> None:
    formulary = load()
    assert {name: formulary.substances[name].schedule for name in SCHEDULES} == SCHEDULES
    assert all("Drugs Rules" in source for source in formulary.raw["classes"]["schedules"].values())


@pytest.mark.slow
async def test_scheduled_and_unread_medicines_need_a_doctor_and_nothing_else_does(clinic: Clinic) -> None:
    needed = []
    for lines, _ in NEEDED:
        found = (await scan_row(clinic, await _completed(clinic, *lines))).prescription
        assert found is not None
        needed.append((lines, found.needs_doctor))
    assert needed == NEEDED


async def test_a_doctor_countersigns_while_an_administrator_holds_the_scan(clinic: Clinic) -> None:
    """Claims keep people of one role apart; the countersignature neither waits for one nor takes it."""
    scan_id = await _completed(clinic, "Tab Azithro 500 OD 3 days")
    now = datetime.now(UTC)
    async with clinic.app.services.sessions.begin() as session:
        joseph = await actor(session, "joseph@example.org")
        await claims.take(session, joseph, scan_id, now)
        shown = draft_hash(await session.get_one(Scan, scan_id))
        await prescription.countersign(session, await actor(session, "rao@example.org"), scan_id, shown, now)
    claim = (await scan_row(clinic, scan_id)).claim
    assert claim is not None
    assert claim.account_id == joseph.account_id


@pytest.mark.slow
async def test_no_code_before_the_countersignature_and_the_report_names_both(clinic: Clinic) -> None:
    for person in (clinic.rao, clinic.meena, clinic.joseph):
        await person.sends("/start")
    scan_id = await _completed(clinic, "Tab Azithro 500 OD 3 days")
    card = await clinic.rao.sees(DUE)
    assert "Azithro 500 OD 3 days" in card.text
    await clinic.joseph.sees(DUE)
    refused = await clinic.joseph.presses("Approve", on=DUE)
    assert refused.text == sentence_for(clinic, "error.countersignature_missing")
    assert await clinic.telegram.mails("joseph@example.org") == []

    pressed = await button(clinic, CardAction.COUNTERSIGN, scan_id)
    await clinic.meena.forges(pressed)  # not theirs
    done = await clinic.rao.presses("Countersign", on=DUE)
    assert done.text == sentence_for(clinic, "countersign.done")
    await clinic.joseph.sees("Prescribed by Dr")
    again = await clinic.rao.forges(pressed)
    assert again.text == sentence_for(clinic, "error.stale")

    row = (await scan_row(clinic, scan_id)).prescription
    assert row is not None
    assert row.prescriber is not None
    assert (row.prescriber.email, row.pharmacist.email) == ("rao@example.org", "meena@example.org")
    await clinic.releases()
    report = await clinic.amina.receives_document(timeout=30)
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(report.data)).pages)
    assert "Prescribed by Dr" in text
    assert "Dispensed by Meena" in text
