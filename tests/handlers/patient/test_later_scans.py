"""Comparison with earlier scans in a second scan's report, and a prescription in columns."""

import pytest

from tests.support.pdf import pages
from tests.support.people import Clinic
from tests.support.steps import sentence_for


@pytest.mark.slow
async def test_the_second_report_lists_the_first_scan_and_the_medicine_in_columns(clinic: Clinic) -> None:
    await clinic.plays("released")
    first = "".join(pages((await clinic.amina.receives_document(timeout=30)).data))
    assert "Comparison" not in first
    await clinic.plays("verified")
    await clinic.meena.presses("Prescribe", on="#2")
    await clinic.meena.sees("Prescription for")
    await clinic.meena.sends("Amoxicillin 500 mg | 1 capsule | by mouth | 3 times a day | 7 days | after food")
    assert "Amoxicillin 500 mg, 1 capsule, by mouth" in (await clinic.meena.sees("Written down")).text
    await clinic.meena.presses("Complete", on="Written down")
    await clinic.rao.presses("Countersign", on="Waits for a doctor")
    await clinic.releases()
    second = "".join(pages((await clinic.amina.receives_document(timeout=30)).data))
    assert "Comparison" in second
    assert "-000001)" in second
    for words in ("Amoxicillin500mg", "afterfood", "3timesaday", "Checkedonarrival"):
        assert words in second
    assert sentence_for(clinic, "unknown") not in second
