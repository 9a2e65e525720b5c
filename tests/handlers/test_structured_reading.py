"""A doctor's reading put together with buttons: data first, words in each reader's language after it."""

import json
from io import BytesIO

import pytest
from pypdf import PdfReader

from handlers.ui.keyboards import CardAction, Diagnose, InRegion, OnReading, SayWhy, SetBand
from models.tables.scans import Reading, Status
from tests.support.people import House
from tests.support.steps import a_scan, button, rows, says, scan_row

UNSURE = {"uncertain": True, "confidence": 0.4, "doubts": ["low_confidence"]}


async def test_a_normal_chest_takes_three_taps_and_reaches_paper_as_data(house: House) -> None:
    """Write findings, Normal chest, Verify; the patient's PDF holds words and codes alike."""
    await a_scan(house, Status.AI_ANALYZED)
    await house.rao.presses("Write findings")
    await house.rao.presses("Normal chest")
    draft = await house.rao.sees("Written down")
    assert "Normal: Lungs, Pleura" in draft.text
    assert "no action needed" in draft.text
    await house.rao.presses("AI wrong", on="Written down")
    await house.dispenses()
    await house.releases()
    report = await house.amina.receives_document(timeout=30)
    reader = PdfReader(BytesIO(report.data))
    first, *others = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert "No action needed" in first
    assert "saw nothing wrong on your chest X-ray" in first
    assert "COVID" not in first
    assert "No active disease in the chest." in " ".join(others)
    told = json.loads(reader.attachments["report.json"][0])["reading"]
    assert told["diagnosis"] == "normal_chest"
    assert told["regions"][0] == {"region": "lungs"}


async def test_region_by_region_with_phrases_words_and_a_reason(house: House) -> None:
    """Each press is in the database at once; the draft says what will be signed."""
    scan = await a_scan(house, Status.AI_ANALYZED)
    rao = house.rao
    await rao.presses("Write findings")
    await rao.presses("By region")
    await rao.presses("Pleura")
    await rao.presses("Effusion on the right")
    await rao.sees("Pleura: Effusion on the right.")
    await rao.presses("In words")
    await rao.sees("please type what you see")
    await rao.sends("About two fingers <deep>.")
    await rao.sees("Effusion on the right. About two fingers <deep>.")
    await rao.presses("The rest is normal")
    await rao.sees("Normal: Lungs, Heart and mediastinum")
    await rao.presses("To the signature")
    await rao.presses("Impression", on="Written down")
    await rao.sends("Small effusion.")
    await rao.presses("Skip", on="what shall happen next")
    await rao.presses("🔴", on="Small effusion")
    await rao.sees("urgent: get care now")
    await rao.presses("AI: why")
    await rao.presses("It missed a finding")
    await rao.sees("On the AI: It missed a finding.")
    reading = (await scan_row(house, scan)).reading
    assert reading is not None
    assert reading.regions["pleura"] == {"phrases": ["effusion_right"], "text": "About two fingers <deep>."}
    assert reading.regions["bones"] == {}
    assert (reading.impression, reading.band, reading.why) == ("Small effusion.", "urgent", "why.missed")
    await rao.presses("AI wrong", on="Written down")
    assert (await scan_row(house, scan)).status is Status.DOCTOR_VERIFIED


async def test_two_taps_say_the_same_and_old_buttons_speak_kindly(house: House) -> None:
    scan = await a_scan(house, Status.AI_ANALYZED)
    await house.rao.sees("replaces none")
    press = InRegion(scan_id=scan, region="lungs", phrase="nodule", on=True).pack()
    await house.rao.forges(OnReading(scan_id=scan, opens="regions").pack())
    await house.rao.forges(press)
    before = await rows(house, Reading)
    assert (await house.rao.forges(press)).answered
    assert await rows(house, Reading) == before
    await house.rao.forges(await button(house, CardAction.VERIFY_AGREE, scan))
    for old in _presses(scan):
        answer = await house.rao.forges(old)
        assert answer.text == says(house, "error.stale"), old


@pytest.mark.parametrize("who", ["amina", "meena", "joseph"])
async def test_only_doctors_build_a_reading(house: House, who: str) -> None:
    scan = await a_scan(house, Status.AI_ANALYZED)
    for press in _presses(scan):
        answer = await getattr(house, who).forges(press)
        assert answer.text == says(house, "error.not_allowed"), press
    assert await rows(house, Reading) == []


async def test_what_no_button_offers_is_refused(house: House) -> None:
    """Forged names, and a heart's diagnosis for a chest."""
    scan = await a_scan(house, Status.AI_ANALYZED)
    forged = (
        Diagnose(scan_id=scan, name="normal_heart"),
        Diagnose(scan_id=scan, name="x"),
        InRegion(scan_id=scan, region="lungs", phrase="pacemaker"),
        InRegion(scan_id=scan, region="atria"),
        OnReading(scan_id=scan, opens="words-x"),
        OnReading(scan_id=scan, opens="x"),
        SetBand(scan_id=scan, band="x"),
        SayWhy(scan_id=scan, name="x"),
    )
    for press in forged:
        answer = await house.rao.forges(press.pack())
        assert answer.text == says(house, "error.stale"), press
    assert await rows(house, Reading) == []


async def test_where_the_model_is_uncertain_a_picked_diagnosis_is_the_physicians_own_reading(house: House) -> None:
    """Regions alone are none; and a diagnosis that the regions no longer bear out counts no more."""
    scan = await a_scan(house, Status.AI_ANALYZED, **UNSURE)
    rao = house.rao
    await rao.presses("Write findings")
    await rao.sees("your own reading")
    await rao.presses("By region")
    await rao.presses("The rest is normal")
    await rao.presses("To the signature")
    draft = await rao.sees("One thing is missing")
    assert "✅ Verify" not in draft.buttons
    refused = await rao.forges(await button(house, CardAction.VERIFY, scan))
    assert refused.text == says(house, "error.own_reading_missing")
    await rao.presses("Write findings", on="One thing is missing")
    await rao.presses("Normal chest", on="your own reading")
    await rao.forges(InRegion(scan_id=scan, region="lungs", phrase="nodule").pack())
    reading = (await scan_row(house, scan)).reading
    assert reading is not None
    assert (reading.diagnosis, reading.band) == (None, "see_doctor")
    await rao.forges(OnReading(scan_id=scan, opens="draft").pack())
    await rao.presses("Write findings", on="One thing is missing")
    await rao.presses("Viral pattern", on="your own reading")
    await rao.presses("Verify", on="Written down")
    assert (await scan_row(house, scan)).status is Status.DOCTOR_VERIFIED


async def test_the_own_reading_is_asked_for_where_the_draft_lacks_it_and_keeps_the_regions(house: House) -> None:
    """Where the model was uncertain a reading by region ends with a question, not with a refusal."""
    scan = await a_scan(house, Status.AI_ANALYZED, **UNSURE)
    rao = house.rao
    await rao.presses("Write findings")
    await rao.presses("By region")
    await rao.presses("Lungs")
    await rao.presses("Nodule")
    await rao.presses("Back")
    await rao.presses("To the signature")
    await rao.presses("My own reading", on="One thing is missing")
    await rao.sees("in a few words")
    await rao.sends("One nodule; CT advised.")
    await rao.presses("Verify", on="Written down")
    row = await scan_row(house, scan)
    assert row.status is Status.DOCTOR_VERIFIED
    assert row.reading is not None
    assert row.reading.own_reading == "One nodule; CT advised."
    assert row.reading.regions == {"lungs": {"phrases": ["nodule"]}}


async def test_a_heart_has_its_own_regions_and_diagnoses(house: House) -> None:
    await a_scan(house, Status.AI_ANALYZED, modality="cardiac_mri", label="Sick")
    await house.rao.presses("Write findings")
    asked = await house.rao.sees("Findings")
    assert "✅ Normal heart" in asked.buttons
    assert "Effusion, both" not in asked.buttons
    await house.rao.presses("Pericardial effusion")
    await house.rao.sees("Pericardium: Fluid in the pericardium.")


def _presses(scan: int) -> list[str]:
    return [
        Diagnose(scan_id=scan, name="normal_chest").pack(),
        OnReading(scan_id=scan, opens="regions").pack(),
        OnReading(scan_id=scan, opens="rest").pack(),
        OnReading(scan_id=scan, opens="impression").pack(),
        InRegion(scan_id=scan, region="lungs", phrase="nodule").pack(),
        SetBand(scan_id=scan, band="urgent").pack(),
        SayWhy(scan_id=scan, name="missed").pack(),
    ]


async def test_a_draft_longer_than_a_message_keeps_its_buttons_and_can_be_read_whole(house: House) -> None:
    """An edited message cannot become two: long parts are shortened there, and "Read all" has them."""
    await a_scan(house, Status.AI_ANALYZED)
    await house.rao.presses("Write findings")
    for asked, letter in (("Findings", "a"), ("what does it mean", "b"), ("what shall happen next", "c")):
        await house.rao.sees(asked)
        await house.rao.sends(f"{letter * 2900} the end of {letter}")
    draft = await house.rao.sees("Written down")
    assert draft.key("erify")
    await house.rao.presses("Read all", on="Written down")
    await house.rao.sees("the end of c")
