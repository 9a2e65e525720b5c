"""A reading that contradicts itself or the model is refused, or paused until a reason is given."""

import pytest
from sqlalchemy import select

from handlers.ui.callbacks import OnReading
from handlers.ui.callbacks.consistency import GiveReason, SignDifferent
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, scan_row, sentence_for
from workflow.scans.reading import Reason

NORMAL = {"label": "Normal", "abnormal": 0.04}


async def acts(clinic: Clinic) -> list[tuple[str, str | None]]:
    async with clinic.app.services.sessions() as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.seq))).all()
    return [(row.act, row.reason) for row in rows]


async def test_pneumothorax_with_green_is_refused_and_says_why_on_the_draft(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, right")
    await clinic.rao.presses("🟢", on="Written down")
    draft = await clinic.rao.sees("⛔ Pneumothorax: the recommended action is milder")
    assert draft.key("Sign with a reason") is None
    answer = await clinic.rao.presses("AI wrong", on="⛔")
    assert answer.text == sentence_for(clinic, "error.conflict_refused")
    assert (await scan_row(clinic, scan)).status is ScanStatus.AI_ANALYZED
    await clinic.rao.forges(GiveReason(scan_id=scan, about=Reason.OVERRIDE, name="known").pack())
    answer = await clinic.rao.presses("AI wrong", on="⛔")
    assert answer.text == sentence_for(clinic, "error.conflict_refused")
    assert (await scan_row(clinic, scan)).status is ScanStatus.AI_ANALYZED


@pytest.mark.slow
async def test_a_milder_band_waits_for_a_reason_and_the_reason_lapses_with_another_contradiction(
    clinic: Clinic,
) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.presses("Pneumothorax, right")
    await rao.presses("🟡", on="Written down")
    answer = await rao.presses("AI wrong", on="Written down")
    assert answer.text == sentence_for(clinic, "error.reason_missing")
    await rao.presses("Known from before", on="the reading contradicts itself")
    draft = await rao.sees("Reason: Known from before and unchanged.")
    assert "⚠️" not in draft.text
    await rao.presses("By region", on="Reason: Known")
    await rao.presses("Lungs")
    await rao.presses("In words")
    await rao.sees("please type what you see")
    await rao.sends("Consolidation on the left.")
    await rao.presses("To the signature")
    await rao.presses("Impression", on="Written down")
    await rao.sends("Consolidation on the right.")
    await rao.presses("Skip", on="what shall happen next")
    answer = await rao.presses("AI wrong", on="Consolidation: the conclusion and the findings name different sides")
    assert answer.text == sentence_for(clinic, "error.reason_missing")
    await rao.presses("In words", on="the reading contradicts itself")
    await rao.sees("Why is the reading signed all the same")
    await rao.sends("Drain in place since <Monday>.")
    await rao.presses("AI wrong", on="Reason: Drain in place since <Monday>.")
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert reading.signed_at is not None
    assert reading.override == {
        "checks": ["band:pneumothorax", "side:consolidation"],
        "reason": "Drain in place since <Monday>.",
    }
    assert [one for one in await acts(clinic) if one[0] == "override"] == [
        ("override", "band"),
        ("override", "band,side"),
    ]


async def test_a_reason_that_is_not_needed_any_more_is_not_kept(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, right")
    await clinic.rao.presses("🟡", on="Written down")
    await clinic.rao.presses("Sign with a reason", on="Written down")
    await clinic.rao.presses("Already being treated", on="the reading contradicts itself")
    await clinic.rao.presses("🔴", on="Already being treated")
    await clinic.rao.presses("AI wrong", on="🚨 Signing with 🔴")
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert reading.signed_at is not None
    assert reading.override is None


async def test_red_tells_patient_and_administrators_at_the_signature(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, left")
    await clinic.rao.sees("Signing with 🔴 tells the patient and the administrators at once")
    await clinic.rao.presses("AI wrong", on="Written down")
    await clinic.amina.sees("Please get medical care today")
    await clinic.joseph.sees("Critical result, scan #1")
    critical = (await scan_row(clinic, scan)).critical
    assert critical is not None
    await clinic.meena.sees("🚨 CRITICAL RESULT")
    await clinic.dispenses()
    card = await clinic.joseph.sees("🚨 CRITICAL RESULT")
    assert card.text.startswith("🚨")
    await clinic.joseph.sends("/queue")
    await clinic.joseph.sees("🚨 #1")


async def test_red_without_an_alert_needs_a_reason(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, left")
    await clinic.rao.presses("No alert", on="Written down")
    await clinic.rao.presses("told in person", on="without telling patient")
    await clinic.rao.presses("AI wrong", on="Signing raises no critical result")
    row = await scan_row(clinic, scan)
    assert row.reading is not None
    assert (row.status, row.reading.no_alert) == (ScanStatus.DOCTOR_VERIFIED, "no_alert.told")
    assert row.critical is None
    await clinic.meena.sees("🔴 URGENT")
    await clinic.amina.does_not_see("Please get medical care today")
    assert ("no_alert", None) in await acts(clinic)


async def test_a_sure_model_and_a_normal_reading_pause_and_one_press_signs(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Normal chest")
    await clinic.rao.sees("⚖️ The computer's answer differs gravely: COVID-19")
    answer = await clinic.rao.presses("AI right", on="Written down")
    assert answer.text == sentence_for(clinic, "error.difference_unseen")
    pause = await clinic.rao.sees("differ gravely. Nothing is signed yet")
    for words in ("Computer: COVID-19, 94%", "Your reading:", "No active disease in the chest."):
        assert words in pause.text
    before = (await scan_row(clinic, scan)).reading
    answer = await clinic.rao.presses("I have seen it")
    assert answer.text == sentence_for(clinic, "reading.verified")
    after = (await scan_row(clinic, scan)).reading
    assert before is not None
    assert after is not None
    assert (after.diagnosis, after.band) == (before.diagnosis, before.band) == ("normal_chest", "no_action")
    assert (after.difference_seen, after.agrees) == (True, False)
    assert ("see_difference", None) in await acts(clinic)


@pytest.mark.slow
async def test_the_reverse_pauses_as_well_and_a_changed_draft_is_to_be_seen_again(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, **NORMAL)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.presses("Pneumothorax, left")
    await rao.presses("AI wrong", on="Written down")
    pause = await rao.sees("Nothing is signed yet")
    seen = pause.key("I have seen it")
    assert seen is not None
    assert seen.data is not None
    assert SignDifferent.unpack(seen.data).scan_id == scan
    await rao.forges(OnReading(scan_id=scan, part="rest").pack())
    await rao.forges(GiveReason(scan_id=scan, about=Reason.NO_ALERT, name="told").pack())
    assert (await rao.forges(seen.data)).text == sentence_for(clinic, "error.words_changed")
    assert (await scan_row(clinic, scan)).status is ScanStatus.AI_ANALYZED


async def test_unknown_reasons_and_scans_without_a_draft_are_refused(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.sends("/start")
    await clinic.rao.sees("Hello")
    for data in (
        GiveReason(scan_id=scan, about=Reason.OVERRIDE, name="made up").pack(),
        GiveReason(scan_id=scan, about=Reason.NO_ALERT, name="told").pack(),
        SignDifferent(scan_id=scan, draft_hash="0" * 8).pack(),
        OnReading(scan_id=scan, part="override").pack(),
    ):
        assert (await clinic.rao.forges(data)).text == sentence_for(clinic, "error.stale"), data
    for person in (clinic.meena, clinic.joseph, clinic.amina):
        answer = await person.forges(GiveReason(scan_id=scan, about=Reason.OVERRIDE, name="known").pack())
        assert answer.text == sentence_for(clinic, "error.not_allowed")
