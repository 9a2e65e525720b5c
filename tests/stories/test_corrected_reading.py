"""The doctor corrects a signed reading; pharmacist and administrator are told, and the report has the new version."""

import pytest

from handlers.ui.callbacks import CardAction
from models.vocabulary import ScanStatus
from tests.support.pdf import pages
from tests.support.people import Clinic
from tests.support.steps import a_scan, an_hour_passes_for_codes, button


@pytest.mark.slow
async def test_a_corrected_reading_is_confirmed_again_and_printed(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    old_code = await clinic.approves()
    await clinic.rao.sends("/queue")
    await clinic.rao.forges(f"c:open:{scan}")
    for other in (clinic.meena, clinic.amina):
        refused = await other.forges(await button(clinic, CardAction.CORRECT, scan))
        assert refused.text
    await clinic.rao.presses("Correct the reading")
    await clinic.rao.sees("Written down")
    refused = await clinic.rao.forges(await button(clinic, CardAction.CORRECT, scan))
    assert "things have moved on" in (refused.text or "")
    await clinic.rao.presses("Write findings", on="Written down")
    await clinic.rao.presses("Pneumonia, left")
    await clinic.joseph.sends(old_code)
    await clinic.joseph.sees("can no longer be used")
    await clinic.rao.presses("AI right", on="Written down")
    await clinic.meena.sees("has corrected the reading")
    await clinic.joseph.sees("has corrected the reading")
    await an_hour_passes_for_codes(clinic)
    refused = await clinic.joseph.forges(await button(clinic, CardAction.APPROVE, scan))
    assert "confirms again" in (refused.text or "")
    await clinic.meena.presses("Open", on="has corrected the reading")
    await clinic.meena.presses("Confirm again")
    await clinic.joseph.sees("Corrected: version 2")
    await clinic.releases()
    printed = "".join(pages((await clinic.amina.receives_document(timeout=30)).data))
    assert "Opacities." not in printed
    assert "left" in printed
