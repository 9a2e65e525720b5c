"""An amendment passes the table of consistency as the first reading does."""

import pytest
from sqlalchemy import select

from models.tables.amendments import Amendment
from tests.support.pdf import pages
from tests.support.people import Clinic
from tests.support.report_steps import approves_amendment
from tests.support.steps import rows


async def _amends(clinic: Clinic, findings: str, impression: str, band: str) -> None:
    await clinic.rao.presses("Amend", on="Report ready")
    for question, words in (
        ("Why must it be changed", "Looked at again."),
        ("as they should be", findings),
        ("Impression", impression),
        ("Skip leaves them", "Come back in a week."),
    ):
        await clinic.rao.sees(question)
        await clinic.rao.sends(words)
    await clinic.rao.presses(band, on="what should the patient do now")


@pytest.mark.slow
async def test_a_changed_report_that_contradicts_itself_needs_another_colour_or_a_reason(clinic: Clinic) -> None:
    """The table of the first reading holds for the change; the reason is shown to the administrator and printed."""
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await _amends(clinic, "Pneumothorax on the right.", "Pneumothorax.", "no action")
    asked = await clinic.rao.sees("contradicts itself")
    assert "pneumothorax" in asked.text.lower()
    assert await rows(clinic, Amendment) == []
    await clinic.rao.presses("see your doctor", on="contradicts itself")
    await clinic.rao.sees("contradicts itself")
    assert await rows(clinic, Amendment) == [], "still lower than the finding allows"
    await clinic.rao.sends("Drained yesterday; the lung is up again.")
    await clinic.rao.sees("An administrator approves it")
    question = await clinic.joseph.sees("asks to change the report")
    assert "Drained yesterday" in question.text
    await clinic.amina.looks_away()
    await approves_amendment(clinic)
    await clinic.amina.sees("takes the place of the earlier version", timeout=30)
    second = await clinic.amina.receives_document(timeout=30)
    assert second.name.endswith("-2.pdf")
    assert any("Drained yesterday" in page for page in pages(second.data))
    async with clinic.app.services.sessions() as session:
        [kept] = await session.scalars(select(Amendment))
        assert kept.override == {"checks": ["band:pneumothorax"], "reason": "Drained yesterday; the lung is up again."}


@pytest.mark.slow
async def test_a_changed_report_in_a_fitting_colour_asks_for_no_reason(clinic: Clinic) -> None:
    await clinic.plays("released")
    await _amends(clinic, "Pneumothorax on the right.", "Pneumothorax.", "no action")
    await clinic.rao.sees("contradicts itself")
    await clinic.rao.presses("urgent", on="contradicts itself")
    await clinic.rao.sees("An administrator approves it")
    async with clinic.app.services.sessions() as session:
        [kept] = await session.scalars(select(Amendment))
    assert (kept.band, kept.override) == ("urgent", None)
