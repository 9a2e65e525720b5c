"""What a second scan's report knows of the first, and a prescription in columns."""

from tests.support.pdf import pages
from tests.support.people import House
from tests.support.steps import says


async def test_the_second_report_lists_the_first_scan_and_the_medicine_in_columns(house: House) -> None:
    await house.until("released")
    first = "".join(pages((await house.amina.receives_document(timeout=30)).data))
    assert "Comparison" not in first
    await house.until("verified")
    await house.meena.presses("Prescribe", on="#2")
    await house.meena.sees("Prescription for")
    await house.meena.sends("Amoxicillin 500 mg | 1 capsule | by mouth | 3 times a day | 7 days | after food")
    assert "Amoxicillin 500 mg, 1 capsule, by mouth" in (await house.meena.sees("Written down")).text
    await house.meena.presses("Complete", on="Written down")
    await house.releases()
    second = "".join(pages((await house.amina.receives_document(timeout=30)).data))
    assert "Comparison" in second
    assert "-000001)" in second
    for words in ("Remarks", "afterfood", "Howoften", "3timesaday", "Checkedonarrival"):
        assert words in second
    assert says(house, "unknown") not in second
