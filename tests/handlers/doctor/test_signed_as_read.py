"""A signing button carries a hash of the text shown: a button drawn below other text signs nothing."""

import pytest

from bot.dev.sandbox import Person
from bot.dev.sandbox.client.transcript import Message
from handlers.ui.callbacks import SetBand
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, scan_row, sentence_for


async def test_a_doctor_signs_the_draft_that_was_read(clinic: Clinic) -> None:
    """The risk colour is changed from another phone of the same doctor while the old draft is still shown here."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.writes_findings()
    read = await clinic.rao.sees("Written down")
    await clinic.rao.forges(SetBand(scan_id=scan, band="urgent").pack(), read.id - 1)
    await _is_refused(clinic, clinic.rao, read, "Verify")
    assert (await scan_row(clinic, scan)).status is ScanStatus.AI_ANALYZED
    assert "urgent" in (await clinic.rao.sees("Written down")).text
    answer = await clinic.rao.presses("Verify", on="urgent")
    assert answer.text == sentence_for(clinic, "reading.verified")


@pytest.mark.slow
async def test_a_pharmacist_completes_the_prescription_that_was_read(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.meena.presses("Prescribe")
    await clinic.meena.presses("Fever, pain")
    read = await clinic.meena.sees("Written down")
    await clinic.meena.presses("No medicine needed")
    await _is_refused(clinic, clinic.meena, read, "Complete")
    assert (await scan_row(clinic, scan)).status is ScanStatus.DOCTOR_VERIFIED
    assert sentence_for(clinic, "card.no_medicine") in (await clinic.meena.sees("Written down")).text
    answer = await clinic.meena.presses("Complete", on=sentence_for(clinic, "card.no_medicine"))
    assert answer.text == sentence_for(clinic, "prescribe.completed")


async def _is_refused(clinic: Clinic, who: Person, read: Message, label: str) -> None:
    button = read.key(label)
    assert button is not None
    assert button.data is not None
    assert (await who.forges(button.data, read.id)).text == sentence_for(clinic, "error.words_changed")
