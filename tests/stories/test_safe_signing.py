"""A signed reading agrees with itself, or the report gives the reason."""

import pytest

from models.vocabulary import ScanStatus
from tests.support.pdf import pages
from tests.support.people import Clinic
from tests.support.steps import a_scan


async def _report(clinic: Clinic, *on_cards: str) -> tuple[str, str]:
    """The patient's page and the rest of the released report, without white space.

    `on_cards` is read by the pharmacist and by the administrator before they sign."""
    for words in on_cards:
        await clinic.meena.sees(words)
    await clinic.dispenses()
    for words in on_cards:
        await clinic.joseph.sees(words)
    await clinic.releases()
    first, *others = pages((await clinic.amina.receives_document(timeout=30)).data)
    return first, "".join(others)


def _flat(text: str) -> str:
    return "".join(text.split())


@pytest.mark.slow
async def test_a_pneumothorax_with_yellow_is_paused_and_its_reason_is_printed(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, right")
    await clinic.rao.presses("🟢", on="Written down")
    await clinic.rao.presses("AI wrong", on="⛔")
    await clinic.rao.presses("🟡", on="⛔")
    await clinic.rao.presses("AI wrong", on="Written down")
    await clinic.rao.presses("Already being treated", on="the reading contradicts itself")
    await clinic.rao.presses("AI wrong", on="Already being treated")
    first, others = await _report(clinic, "Reason: Already being treated.", "COVID-19 94% · ❗ the doctor disagrees")
    assert _flat("See your doctor") in first
    for words in (
        "Signed by the doctor for a stated reason",
        "Pneumothorax: the recommended action is milder than this finding asks for.",
        "Reason: Already being treated.",
    ):
        assert _flat(words) in others


@pytest.mark.slow
async def test_a_red_band_tells_people_by_itself_and_the_report_says_when(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Heart failure")
    await clinic.rao.presses("AI wrong", on="Written down")
    await clinic.amina.sees("Please get medical care today")
    await clinic.joseph.sees("Critical result, scan #1")
    await clinic.amina.presses("I have read this")
    await clinic.joseph.sees("has read the message")
    first, others = await _report(clinic)
    for words in ("Reported to Amina Yusuf", "Acknowledged"):
        assert _flat(words) in others
    assert _flat("it looks like heart failure") in first


@pytest.mark.slow
async def test_a_red_band_without_an_alert_prints_the_reason(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, left")
    await clinic.rao.presses("No alert", on="Written down")
    await clinic.rao.presses("In words", on="without telling patient")
    await clinic.rao.sees("Why shall nobody be told")
    await clinic.rao.sends("She is in our ward.")
    await clinic.rao.presses("AI wrong", on="She is in our ward.")
    _, others = await _report(clinic, "No critical result was raised. The doctor's reason: She is in our ward.")
    assert _flat("Not sent out as a critical result; the doctor's reason: She is in our ward.") in others


@pytest.mark.slow
async def test_a_model_sure_of_disease_beside_a_normal_reading_is_printed_as_seen(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Normal chest")
    await clinic.rao.presses("AI wrong", on="Written down")
    await clinic.rao.presses("I have seen it")
    first, others = await _report(clinic)
    assert _flat("saw nothing wrong with the lungs and the heart") in first
    assert _flat("The doctor does not agree with the computer's suggestion.") in others
    assert _flat("the doctor saw both side by side before signing") in others


@pytest.mark.slow
async def test_left_against_right_is_paused_and_its_reason_is_printed(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.presses("Pneumonia, right")
    await rao.presses("Impression", on="Written down")
    await rao.sees("what does it mean")
    await rao.sends("Pneumonia on the left.")
    await rao.presses("Skip", on="what shall happen next")
    await rao.presses("AI right", on="Consolidation: the conclusion and the findings name different sides")
    await rao.presses("it is meant as written", on="the reading contradicts itself")
    await rao.presses("AI right", on="Reason: Checked again")
    _, others = await _report(clinic, "Consolidation: the conclusion and the findings name different sides.")
    for words in ("Consolidation: the conclusion and the findings name different sides.", "Reason: Checked again"):
        assert _flat(words) in others


@pytest.mark.slow
async def test_what_a_ready_diagnosis_does_not_contain_is_on_the_patients_page_as_well(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.presses("Pneumonia, right")
    await rao.presses("By region", on="Written down")
    await rao.presses("Pleura")
    await rao.presses("Effusion on the left")
    await rao.presses("Back")
    await rao.presses("To the signature")
    await rao.presses("AI right", on="Written down")
    first, _ = await _report(clinic)
    assert _flat("looks like an infection of the right lung (pneumonia)") in first
    assert _flat("The doctor also saw: Effusion on the left.") in first
