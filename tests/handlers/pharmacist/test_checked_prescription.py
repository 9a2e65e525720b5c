"""A prescription is read as data and checked: alerts pause it, an override needs a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from handlers.ui.callbacks.prescription import RemoveLine
from models.tables.accounts import PatientFacts
from models.tables.audit import AuditRow
from models.tables.scans import Prescription
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, scan_row, sentence_for

WRONG = [  # what the pharmacist types, and the alert that pauses it
    (["Tab Amoxicillin 500 tds x 5d", "augmentin 625 bd x5d"], "given twice"),
    (["Paracetamol 1300 mg 5 times a day x 30 days"], "dose"),
    (["warfarin 5 mg od", "aspirin 75 od"], "interaction"),
]
WARFARIN = ["warfarin 5 mg od", "aspirin 75 od"]
REASON = "INR is watched weekly."


async def _facts(clinic: Clinic, **facts: Any) -> None:
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        session.add(PatientFacts(account_id=amina.account_id, facts=facts, asked_at=datetime.now(UTC)))


async def _prescribes(clinic: Clinic, *lines: str) -> str:
    await clinic.meena.sends("/start")
    await clinic.meena.presses("Prescribe")
    await clinic.meena.sees("a line for each medicine")
    await clinic.meena.sends("\n".join(lines))
    return (await clinic.meena.sees("Written down")).text


async def _status(clinic: Clinic, scan_id: int) -> ScanStatus:
    return (await scan_row(clinic, scan_id)).status


@pytest.mark.parametrize(("lines", "alert"), WRONG)
async def test_a_wrong_combination_is_shown_with_its_source_and_not_completed(
    lines: list[str], alert: str, clinic: Clinic
) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    draft = await _prescribes(clinic, *lines)
    assert f"· {alert} ·" in draft
    answer = await clinic.meena.presses("Complete", on="Written down")
    assert answer.text == sentence_for(clinic, "error.alerts_open")
    assert await _status(clinic, scan_id) is ScanStatus.DOCTOR_VERIFIED


async def test_an_allergy_of_the_patient_stops_the_line_and_another_line_takes_its_place(clinic: Clinic) -> None:
    """The line is removed by one press; what is left is completed without a word."""
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _facts(clinic, allergies=["penicillin - rash"], kidney="normal", liver="normal")
    draft = await _prescribes(clinic, "Azithro 500 od 3 days", "augmentin 625 bd x5d")
    assert "amoxicillin + clavulanic acid · 625 mg · 2 × a day · 5 days" in draft
    assert "⛔ Stop · allergy · amoxicillin" in draft
    await clinic.meena.presses("✖ 2", on="Written down")
    left = await clinic.meena.sees("Written down")
    assert "augmentin" not in left.text
    assert "⛔" not in left.text
    answer = await clinic.meena.presses("Complete", on="Written down")
    assert answer.text == sentence_for(clinic, "prescribe.completed")
    assert await _status(clinic, scan_id) is ScanStatus.PHARMACIST_COMPLETED


async def test_an_override_needs_a_reason_that_the_record_and_the_administrator_keep(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, *WARFARIN)
    await clinic.meena.presses("Go on with a reason", on="Written down")
    await clinic.meena.sees(sentence_for(clinic, "alert.ask_reason").split(":")[0])
    await clinic.meena.sends("ok")
    await clinic.meena.sees("in a few words")
    await clinic.meena.sends(REASON)
    draft = await clinic.meena.sees(f"Overridden: {REASON}")
    assert "Go on with a reason" not in str(draft)
    await clinic.meena.presses("Complete", on=f"Overridden: {REASON}")
    card = await clinic.joseph.sees(f"Reason to go on: {REASON}")
    assert "aspirin, warfarin" in card.text
    async with clinic.app.services.sessions() as session:
        [event] = await session.scalars(select(AuditRow).where(AuditRow.act == "override"))
        kept = await session.get_one(Prescription, scan_id)
    assert (event.reason, event.object_id) == ("stop:interaction", str(scan_id))
    assert [one["reason"] for one in kept.overrides or []] == [REASON]
    assert [line["substances"] for line in kept.read or []] == [["warfarin"], ["aspirin"]]


async def test_a_question_is_answered_and_no_medicine(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, "Dolo 650 tds x 3 days", "pt allergic to penicillin?")
    await clinic.meena.sees("pt allergic to penicillin? reads as a question")
    prescription = (await scan_row(clinic, scan_id)).prescription
    assert prescription is not None
    assert prescription.lines == ["Dolo 650 tds x 3 days"]


async def test_what_cannot_be_read_stays_as_text_and_is_marked_for_everybody(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    draft = await _prescribes(clinic, "Zyxoflurane 20 od")
    assert "⚠️ unchecked" in draft
    await clinic.meena.presses("Complete", on="Written down")
    await clinic.joseph.sees("Zyxoflurane 20 od [⚠️ unchecked]")


async def test_missing_facts_are_named_before_complete(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    assert "Not known of this patient, and it matters for these lines: allergies" in await _prescribes(
        clinic, "augmentin 625 bd x5d"
    )


async def test_an_illness_stops_a_line_and_old_facts_are_named(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        told, facts = datetime.now(UTC) - timedelta(days=40), {"conditions": ["asthma"], "allergies": []}
        session.add(PatientFacts(account_id=amina.account_id, facts=facts, asked_at=told))
    draft = await _prescribes(clinic, "Tab propranolol 40 mg bd")
    assert "propranolol" in draft
    assert "asthma:" in draft
    assert "not confirmed since: please ask" in draft
    assert "illnesses" not in draft


async def test_unknown_illnesses_are_named_where_they_matter(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    assert "illnesses" in await _prescribes(clinic, "Tab propranolol 40 mg bd")


async def test_an_allergy_told_after_the_draft_was_shown_still_stops_it(clinic: Clinic) -> None:
    """Complete checks anew against what the patient has said by then."""
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, "augmentin 625 bd x5d")
    await _facts(clinic, allergies=["penicillin"])
    await clinic.meena.sees("allergies")
    await clinic.meena.presses("Complete", on="Written down")
    await clinic.meena.sees("⛔ Stop · allergy")
    assert await _status(clinic, scan_id) is ScanStatus.DOCTOR_VERIFIED


async def test_a_button_of_an_older_draft_removes_nothing(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, "Dolo 650 tds x 3 days")
    answer = await clinic.meena.forges(RemoveLine(scan_id=scan_id, index=0, draft_hash="0" * 8).pack())
    assert answer.text == sentence_for(clinic, "error.words_changed")
    assert (await scan_row(clinic, scan_id)).prescription is not None


async def test_removing_the_last_line_does_not_mean_that_no_medicine_is_needed(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _prescribes(clinic, "Dolo 650 tds x 3 days")
    await clinic.meena.presses("✖ 1", on="Written down")
    await clinic.meena.sees("All lines are removed")
    assert (await scan_row(clinic, scan_id)).prescription is None


@pytest.mark.slow
async def test_a_prescription_from_before_lines_were_read_stays_readable_and_unchecked(clinic: Clinic) -> None:
    scan_id = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    async with clinic.app.services.sessions.begin() as session:
        (await session.get_one(Prescription, scan_id)).read = None
    await clinic.joseph.sends("/queue")
    await clinic.joseph.presses(f"#{scan_id}")
    await clinic.joseph.sees("Paracetamol 500 mg [⚠️ unchecked]")
