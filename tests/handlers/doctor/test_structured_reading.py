"""A doctor's structured reading by buttons: stored as data, worded in each reader's language."""

import json
from io import BytesIO

import pytest
from pypdf import PdfReader

from handlers.ui.callbacks import CardAction, Diagnose, OnReading, SetBand, SetPhrase
from handlers.ui.callbacks.reading import AddReading, SetModelComment
from models.tables.scans import Reading
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, button, rows, scan_row, sentence_for

UNSURE = {"uncertain": True, "confidence": 0.4, "doubts": ["low_confidence"]}


@pytest.mark.slow
async def test_a_normal_chest_takes_three_taps_and_reaches_the_pdf_as_data(clinic: Clinic) -> None:
    """Write findings, Normal chest, Verify; the patient's PDF contains both text and codes."""
    await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Normal chest")
    draft = await clinic.rao.sees("Written down")
    assert "Normal: Lungs, Pleura" in draft.text
    assert "no action needed" in draft.text
    await clinic.rao.presses("AI right", on="Written down")
    await clinic.dispenses()
    await clinic.releases()
    report = await clinic.amina.receives_document(timeout=30)
    reader = PdfReader(BytesIO(report.data))
    first, *others = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert "No action needed" in first
    assert "saw nothing wrong with the lungs and the heart" in first
    assert "COVID" not in first
    assert "No active disease in the chest." in " ".join(others)
    reading_data = json.loads(reader.attachments["report.json"][0])["reading"]
    assert reading_data["diagnosis"] == "normal_chest"
    assert reading_data["regions"][0] == {"region": "lungs"}


async def test_region_by_region_with_phrases_words_and_a_reason(clinic: Clinic) -> None:
    """Each press is committed at once; the draft shows the text to be signed."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    rao = clinic.rao
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
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert reading.regions["pleura"] == {"phrases": ["effusion_right"], "text": "About two fingers <deep>."}
    assert reading.regions["bones"] == {}
    assert (reading.impression, reading.band, reading.why) == ("Small effusion.", "urgent", "why.missed")
    await rao.presses("AI wrong", on="Written down")
    assert (await scan_row(clinic, scan)).status is ScanStatus.DOCTOR_VERIFIED


@pytest.mark.slow
async def test_two_taps_say_the_same_and_old_buttons_speak_kindly(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.sees("replaces none")
    press = SetPhrase(scan_id=scan, region="lungs", phrase="nodule", on=True).pack()
    await clinic.rao.forges(OnReading(scan_id=scan, part="regions").pack())
    await clinic.rao.forges(press)
    before = await rows(clinic, Reading)
    assert (await clinic.rao.forges(press)).answered
    assert await rows(clinic, Reading) == before
    await clinic.rao.forges(await button(clinic, CardAction.VERIFY_AGREE, scan))
    for old in _presses(scan):
        answer = await clinic.rao.forges(old)
        assert answer.text == sentence_for(clinic, "error.stale"), old


@pytest.mark.parametrize("who", ["amina", "meena", "joseph"])
async def test_only_doctors_build_a_reading(clinic: Clinic, who: str) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    for press in _presses(scan):
        answer = await getattr(clinic, who).forges(press)
        assert answer.text == sentence_for(clinic, "error.not_allowed"), press
    assert await rows(clinic, Reading) == []


async def test_what_no_button_offers_is_refused(clinic: Clinic) -> None:
    """Forged names, and a cardiac diagnosis for a chest film."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    forged = (
        Diagnose(scan_id=scan, name="normal_heart"),
        Diagnose(scan_id=scan, name="x"),
        SetPhrase(scan_id=scan, region="lungs", phrase="pacemaker"),
        SetPhrase(scan_id=scan, region="atria"),
        OnReading(scan_id=scan, part="words-x"),
        OnReading(scan_id=scan, part="x"),
        SetBand(scan_id=scan, band="x"),
        SetModelComment(scan_id=scan, name="x"),
    )
    for press in forged:
        answer = await clinic.rao.forges(press.pack())
        assert answer.text == sentence_for(clinic, "error.stale"), press
    assert await rows(clinic, Reading) == []


async def test_where_the_model_is_uncertain_a_picked_diagnosis_is_the_physicians_own_reading(clinic: Clinic) -> None:
    """Regions alone do not count; a diagnosis that the regions no longer support counts no more."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, **UNSURE)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.sees("your own reading")
    await rao.presses("By region")
    await rao.presses("The rest is normal")
    await rao.presses("To the signature")
    draft = await rao.sees("One thing is missing")
    assert "✅ Verify" not in draft.buttons
    refused = await rao.forges(await button(clinic, CardAction.VERIFY, scan))
    assert refused.text == sentence_for(clinic, "error.own_reading_missing")
    await rao.presses("Write findings", on="One thing is missing")
    await rao.presses("Normal chest", on="your own reading")
    await rao.forges(SetPhrase(scan_id=scan, region="lungs", phrase="nodule").pack())
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert (reading.diagnosis, reading.band) == (None, "see_doctor")
    await rao.forges(OnReading(scan_id=scan, part="draft").pack())
    await rao.presses("Write findings", on="One thing is missing")
    await rao.presses("Viral pattern", on="your own reading")
    await rao.presses("Verify", on="Written down")
    assert (await scan_row(clinic, scan)).status is ScanStatus.DOCTOR_VERIFIED


async def test_the_own_reading_is_asked_for_where_the_draft_lacks_it_and_keeps_the_regions(clinic: Clinic) -> None:
    """Where the model was uncertain a reading by region ends with a question, not with a refusal."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, **UNSURE)
    rao = clinic.rao
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
    row = await scan_row(clinic, scan)
    assert row.status is ScanStatus.DOCTOR_VERIFIED
    assert row.reading is not None
    assert row.reading.own_reading == "One nodule; CT advised."
    assert row.reading.regions == {"lungs": {"phrases": ["nodule"]}}


async def test_a_heart_has_its_own_regions_and_diagnoses(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED, modality="cardiac_mri", label="Sick")
    await clinic.rao.presses("Write findings")
    question = await clinic.rao.sees("Findings")
    assert "✅ Normal heart" in question.buttons
    assert "Effusion, both" not in question.buttons
    await clinic.rao.presses("Pericardial effusion")
    await clinic.rao.sees("Pericardium: Fluid in the pericardium.")


def _presses(scan: int) -> list[str]:
    return [
        Diagnose(scan_id=scan, name="normal_chest").pack(),
        AddReading(scan_id=scan, name="nodule_right").pack(),
        OnReading(scan_id=scan, part="regions").pack(),
        OnReading(scan_id=scan, part="rest").pack(),
        OnReading(scan_id=scan, part="impression").pack(),
        SetPhrase(scan_id=scan, region="lungs", phrase="nodule").pack(),
        SetBand(scan_id=scan, band="urgent").pack(),
        SetModelComment(scan_id=scan, name="missed").pack(),
    ]


async def test_a_draft_longer_than_a_message_keeps_its_buttons_and_can_be_read_whole(clinic: Clinic) -> None:
    """An edited message cannot become two: long parts are shortened, and "Read all" shows them in full."""
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    for question, letter in (("Findings", "a"), ("what does it mean", "b"), ("what shall happen next", "c")):
        await clinic.rao.sees(question)
        await clinic.rao.sends(f"{letter * 2900} the end of {letter}")
    draft = await clinic.rao.sees("Written down")
    assert draft.key("erify")
    await clinic.rao.presses("Read all", on="Written down")
    await clinic.rao.sees("the end of c")
