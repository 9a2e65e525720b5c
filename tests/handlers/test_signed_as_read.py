"""What is signed is what the signer has read: a button drawn below other words signs nothing."""

from bot.dev.sandbox import Person
from bot.dev.sandbox.client.transcript import Message
from handlers.ui.keyboards import SetBand
from models.tables.scans import Status
from tests.support.people import House
from tests.support.steps import a_scan, says, scan_row


async def test_a_doctor_signs_the_draft_that_was_read(house: House) -> None:
    """The colour is changed from another telephone of the same doctor while the old draft still stands here."""
    scan = await a_scan(house, Status.AI_ANALYZED)
    await house.writes_findings()
    read = await house.rao.sees("Written down")
    await house.rao.forges(SetBand(scan_id=scan, band="urgent").pack(), read.id - 1)
    await _is_refused(house, house.rao, read, "Verify")
    assert (await scan_row(house, scan)).status is Status.AI_ANALYZED
    assert "urgent" in (await house.rao.sees("Written down")).text
    answer = await house.rao.presses("Verify", on="urgent")
    assert answer.text == says(house, "reading.verified")


async def test_a_pharmacist_completes_the_prescription_that_was_read(house: House) -> None:
    scan = await a_scan(house, Status.DOCTOR_VERIFIED)
    await house.meena.presses("Prescribe")
    await house.meena.presses("Fever, pain")
    read = await house.meena.sees("Written down")
    await house.meena.presses("No medicine needed")
    await _is_refused(house, house.meena, read, "Complete")
    assert (await scan_row(house, scan)).status is Status.DOCTOR_VERIFIED
    assert says(house, "card.no_medicine") in (await house.meena.sees("Written down")).text
    answer = await house.meena.presses("Complete", on=says(house, "card.no_medicine"))
    assert answer.text == says(house, "prescribe.completed")


async def _is_refused(house: House, who: Person, read: Message, label: str) -> None:
    button = read.key(label)
    assert button is not None
    assert button.data is not None
    assert (await who.forges(button.data, read.id)).text == says(house, "error.words_changed")
