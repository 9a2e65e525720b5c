"""Single lines are changed, and picked from buttons by who does not want to type."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from handlers.ui.callbacks.prescription import ChangeLine, UseTemplate
from models.tables.accounts import Account, PatientFacts
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, scan_row, sentence_for
from workflow.scans.draft_hash import draft_hash


async def _prescribes(clinic: Clinic, *lines: str) -> None:
    await clinic.meena.sends("/start")
    await clinic.meena.presses("Prescribe")
    await clinic.meena.sees("a line for each medicine")
    if lines:
        await clinic.meena.sends("\n".join(lines))
        await clinic.meena.sees("Written down")


async def _lines(clinic: Clinic, scan_id: int) -> list[str]:
    prescription = (await scan_row(clinic, scan_id)).prescription
    assert prescription is not None
    return prescription.lines


@pytest.mark.slow
async def test_one_line_is_typed_anew_and_the_others_stay(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, "Dolo 650 tds x 3 days", "Tab Azithro 500 od", "Steam twice a day")
    await clinic.meena.presses("✏️ 2", on="Written down")
    await clinic.meena.sees("Line 2 now: Tab Azithro 500 od")
    await clinic.meena.sends("is azithro ok?")
    await clinic.meena.sees("reads as a question")
    await clinic.meena.sends("Tab Azithro 500 od x 3 days")
    draft = await clinic.meena.sees("Azithro 500 od x 3 days")
    assert "🌅1 ☀️0 🌇0 🌙0" in draft.text
    assert await _lines(clinic, scan_id) == [
        "Dolo 650 tds x 3 days",
        "Tab Azithro 500 od x 3 days",
        "Steam twice a day",
    ]
    await clinic.meena.sends("Cetirizine 10 mg hs")
    await clinic.meena.sees("Cetirizine 10 mg hs")
    assert len(await _lines(clinic, scan_id)) == 4


@pytest.mark.slow
async def test_a_button_of_an_older_draft_changes_nothing(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, "Dolo 650 tds x 3 days")
    stale = ChangeLine(scan_id=scan_id, index=0, draft_hash=draft_hash(await scan_row(clinic, scan_id)))
    await clinic.meena.sends("Tab Azithro 500 od x 3 days")
    await clinic.meena.sees("Azithro 500 od x 3 days")
    answer = await clinic.meena.forges(stale.pack())
    assert answer.text == sentence_for(clinic, "error.words_changed")


@pytest.mark.slow
async def test_a_usual_line_takes_five_presses_and_the_first_letters(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic)
    await clinic.meena.presses("Pick from buttons", on="a line for each medicine")  # 1
    await clinic.meena.sees("how the medicine begins")
    await clinic.meena.sends("qqq")
    await clinic.meena.sees("No medicine of the formulary begins so")
    await clinic.meena.sends("azi")
    await clinic.meena.presses("azithromycin", on="Which medicine?")  # 2
    await clinic.meena.presses("Tab 500 mg", on="azithromycin: which one?")  # 3
    await clinic.meena.presses("🌅1 tablet", on="how often?")  # 4
    await clinic.meena.presses("3 days", on="how long?")  # 5
    draft = await clinic.meena.sees("Written down")
    assert "unchecked" not in draft.text
    assert await _lines(clinic, scan_id) == ["Tab azithromycin 500 mg 1-0-0 x 3 days"]


@pytest.mark.slow
async def test_a_second_picked_line_joins_the_first_and_old_buttons_are_stale(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, "Dolo 650 tds x 3 days")
    await clinic.meena.presses("Pick from buttons", on="Written down")
    await clinic.meena.sees("how the medicine begins")
    await clinic.meena.sends("augm")
    await clinic.meena.presses("Augmentin", on="Which medicine?")
    await clinic.meena.presses("625", on="Augmentin: which one?")
    stale = await clinic.meena.presses("Augmentin", on="Which medicine?")
    assert stale.text == sentence_for(clinic, "error.stale")
    await clinic.meena.presses("🌅1 🌙1", on="how often?")
    await clinic.meena.presses("5 days", on="how long?")
    await clinic.meena.sees("Augmentin 625 1-0-1 x 5 days")
    assert await _lines(clinic, scan_id) == ["Dolo 650 tds x 3 days", "Augmentin 625 1-0-1 x 5 days"]


READY = [  # age, what the patient told, the ready lines that fit: fever, cough, oxygen, antibiotic
    (48, {}, {"Fever, pain", "Cough", "Low oxygen", "Antibiotic"}),
    (48, {"allergies": ["penicillin - rash"]}, {"Fever, pain", "Cough", "Low oxygen"}),
    (5, {}, {"Low oxygen"}),
    (5, {"weight_kg": 16.0}, {"Low oxygen"}),
    (15, {"weight_kg": 50.0}, {"Fever, pain", "Cough", "Low oxygen", "Antibiotic"}),
]


@pytest.mark.parametrize(("age", "facts", "offered"), READY)
async def test_only_ready_lines_that_fit_the_patient_are_offered(
    age: int, facts: dict[str, Any], offered: set[str], clinic: Clinic
) -> None:
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    now = datetime.now(UTC)
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        account = await session.get_one(Account, amina.account_id)
        account.date_of_birth = date(now.year - age, 1, 1)
        session.add(PatientFacts(account_id=amina.account_id, facts=facts, asked_at=now))
    await _prescribes(clinic)
    asked = await clinic.meena.sees("a line for each medicine")
    found = {name for name in asked.buttons if "Pick" not in name}
    assert found == offered
    if "Antibiotic" not in offered:
        refused = await clinic.meena.forges(UseTemplate(name="antibiotic").pack())
        assert refused.text == sentence_for(clinic, "error.stale")
