"""The administrator sees all that is released: nothing is cut, and the code names what it confirms."""

from models.tables.scans import Prescription, Reading
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan

LINES = [f"Tab Paracetamol 500 mg, line {number} of the prescription, after food with water" for number in range(24)]
IMPRESSION = "Infection of both lower zones, " * 10 + "the end of the impression."


async def _a_long_scan(clinic: Clinic) -> int:
    scan_id = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    override = {"kind": "duplicate", "level": "stop", "about": ["paracetamol"], "why": "twice", "source": "label"}
    async with clinic.app.services.sessions.begin() as session:
        prescription = await session.get_one(Prescription, scan_id)
        prescription.lines, prescription.read = LINES, None
        prescription.overrides = [{**override, "reason": "The ward gives it."}]
        (await session.get_one(Reading, scan_id)).impression = IMPRESSION
    return scan_id


async def test_medicines_impression_and_overrides_follow_a_card_that_they_do_not_fit_into(clinic: Clinic) -> None:
    """The card says how much follows; the messages below it hold every line, in order."""
    scan_id = await _a_long_scan(clinic)
    await clinic.joseph.sends("/queue")
    await clinic.joseph.presses(f"#{scan_id}")
    card = await clinic.joseph.sees("Medicines: 24 · alerts overridden: 1")
    assert "see your doctor" in card.text
    full = (await clinic.joseph.sees("Reason to go on: The ward gives it.")).text
    assert [line for line in LINES if line not in full] == []
    assert "the end of the impression." in full
    assert "…" not in full


async def test_the_code_names_patient_scan_impression_band_and_medicines_but_no_answer_of_the_model(
    clinic: Clinic,
) -> None:
    """In the question and in the mail, whose subject names nothing."""
    scan_id = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    await clinic.joseph.sends("/queue")
    await clinic.joseph.presses(f"#{scan_id}")
    await clinic.joseph.sees("Paracetamol")
    await clinic.joseph.presses("Approve")
    question = (await clinic.joseph.sees("6-digit code")).text
    mail = await clinic.telegram.mail_to("joseph@example.org")
    for text in (question, mail.text):
        assert f"Amina Yusuf · female · born 12 April 1987 · P000001 · scan #{scan_id}" in text
        assert "Impression: Infection." in text
        assert "see your doctor. Medicines: 1. See the card." in text
        assert "COVID" not in text
    assert mail.subject == "Your code"
