"""A doctor proposes medicines with the reading; the pharmacist takes them over with one press."""

import pytest

from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, scan_row
from workflow.guards import awaits_countersignature

LINE = "Amoxicillin 500 mg three times a day for 5 days"


async def proposes(clinic: Clinic, *lines: str) -> int:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    rao = clinic.rao
    await rao.presses("Write findings", on=f"Scan #{scan}")
    await rao.presses("Normal chest")
    await rao.presses("Propose medicines", on="Written down")
    await rao.sees("do you propose")
    await rao.sends("\n".join(lines))
    return scan


@pytest.mark.slow
async def test_lines_taken_unchanged_need_no_countersignature_and_name_the_doctor_as_prescriber(
    clinic: Clinic,
) -> None:
    scan = await proposes(clinic, LINE, "penicillin allergy?")
    await clinic.rao.sees("is not proposed")
    kept = await clinic.rao.sees("Proposed to the pharmacist")
    assert "amoxicillin" in kept.text
    await clinic.rao.presses("To the signature", on="Proposed to the pharmacist")
    draft = await clinic.rao.sees("signed with the reading")
    assert LINE in draft.text
    await clinic.rao.presses("AI right", on="signed with the reading")
    await clinic.meena.presses("Prescribe")
    asked = await clinic.meena.sees("Proposed by Dr Rao")
    assert LINE in asked.text
    await clinic.meena.presses("Take doctor's lines", on="Proposed by Dr Rao")
    written = await clinic.meena.sees("Written down")
    assert "proposed by Dr Rao" in written.text
    await clinic.meena.presses("Complete", on="Written down")
    stored = await scan_row(clinic, scan)
    assert stored.prescription is not None
    assert stored.reading is not None
    assert not awaits_countersignature(stored)
    assert stored.prescription.prescriber is not None
    assert stored.prescription.prescriber.name == "Dr Rao"
    assert stored.prescription.countersigned_at == stored.reading.signed_at
    await clinic.releases()
    await clinic.amina.receives_document(timeout=30)


@pytest.mark.slow
async def test_a_line_that_the_pharmacist_adds_still_waits_for_a_doctor(clinic: Clinic) -> None:
    scan = await proposes(clinic, LINE)
    await clinic.rao.presses("To the signature", on="Proposed to the pharmacist")
    await clinic.rao.presses("AI right", on="signed with the reading")
    await clinic.meena.presses("Prescribe")
    await clinic.meena.presses("Take doctor's lines", on="Proposed by Dr Rao")
    await clinic.meena.sees("Written down")
    await clinic.meena.sends("Prednisolone 20 mg once a day for 5 days")
    await clinic.meena.presses("Complete", on="prednisolone")
    stored = await scan_row(clinic, scan)
    assert awaits_countersignature(stored)
    assert stored.prescription is not None
    assert stored.prescription.prescriber is None


@pytest.mark.slow
async def test_a_proposal_is_taken_back_and_a_new_one_changes_what_is_signed(clinic: Clinic) -> None:
    scan = await proposes(clinic, LINE)
    await clinic.rao.presses("No proposal", on="Proposed to the pharmacist")
    await clinic.rao.sees("Written down")
    stored = (await scan_row(clinic, scan)).reading
    assert stored is not None
    assert stored.proposed is None
    assert stored.diagnosis == "normal_chest"
