"""A doctor's ready readings: by region and side, several in one draft, and a normal chest in few presses."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from handlers.ui.callbacks import OnReading
from handlers.ui.callbacks.reading import AddReading
from models.tables.accounts import Account
from models.tables.scans import Reading
from models.vocabulary import Language, ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, rows, scan_row, sentence_for
from tests.support.text_forms import send_without_limits
from workflow.reporting.reading import build_summary

SCANS = 15
MOST_PRESSES = 4


@pytest.mark.slow
async def test_several_ready_readings_with_their_sides_make_one_draft_and_reach_the_report(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.presses("➕ Pleura")
    await rao.presses("Small effusion", on="Which reading")
    await rao.presses("Small effusion, on the left", on="on which side")
    await rao.sees("Small pleural effusion on the left.")
    await rao.presses("Add a reading", on="Written down")
    await rao.presses("➕ Bones", on="which region")
    await rao.presses("Rib fracture", on="Which reading")
    await rao.presses("Rib fracture, on the right", on="on which side")
    draft = await rao.sees("Rib fracture on the right.")
    assert "Small pleural effusion on the left." in draft.text
    assert "Normal: Lungs" in draft.text
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert reading.diagnosis == "small_effusion_left+broken_rib_right"
    assert reading.regions["pleura"]["phrases"] == ["small_effusion_left"]
    assert reading.band == "see_doctor"
    await rao.presses("AI wrong", on="Written down")
    await clinic.dispenses()
    await clinic.releases()
    report = await clinic.amina.receives_document(timeout=30)
    first, *others = [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(report.data)).pages]
    assert "There is a little fluid around the lung on the left." in first
    assert "There is a broken rib on the right." in first
    assert "Rib fracture on the right." in " ".join(others)


@pytest.mark.slow
async def test_a_graver_reading_lifts_the_colour_and_a_removed_finding_takes_its_reading_along(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.presses("Normal chest")
    for name in ("granuloma_left", "large_effusion_right"):
        await rao.forges(AddReading(scan_id=scan, name=name).pack())
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert (reading.diagnosis, reading.band) == ("granuloma_left+large_effusion_right", "urgent")
    await rao.forges(OnReading(scan_id=scan, part="pleura").pack())
    await rao.presses("Large pleural effusion on the right", on="Pleura")
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert (reading.diagnosis, reading.band) == ("granuloma_left", "see_doctor")


async def test_a_ready_reading_beside_typed_words_leaves_them_on_the_patients_page(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    rao = clinic.rao
    await rao.presses("Write findings")
    await rao.sends("Opacity at the base.")
    await rao.presses("Skip")
    await rao.presses("Skip", on="what shall happen next")
    await rao.sees("Written down")
    await rao.forges(AddReading(scan_id=scan, name="broken_rib_right").pack())
    reading = (await scan_row(clinic, scan)).reading
    assert reading is not None
    assert (reading.findings, reading.diagnosis) == ("Opacity at the base.", None)
    summary = build_summary(reading, None, Language.ENGLISH)
    assert summary is not None
    assert summary.text == "Opacity at the base.\nThe doctor saw: Rib fracture on the right."


async def test_a_limited_film_says_nothing_about_the_other_regions(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("➕ Lungs")
    await clinic.rao.presses("Technically limited", on="Which reading")
    draft = await clinic.rao.sees("small changes can be missed")
    assert "Normal:" not in draft.text


@pytest.mark.slow
async def test_a_child_is_not_offered_readings_of_adults_and_forged_ones_are_refused(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        patient = (await session.scalars(select(Account).where(Account.email == "amina@example.org"))).one()
        patient.date_of_birth = (datetime.now(UTC) - timedelta(days=9 * 365)).date()
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("➕ Bones")
    offered = await clinic.rao.sees("Which reading")
    assert offered.key("Scoliosis") is not None
    assert offered.key("Spine: wear") is None
    for name in ("spine_wear", "normal_chest", "wide_aorta", "nodule", "x"):
        answer = await clinic.rao.forges(AddReading(scan_id=scan, name=name).pack())
        assert answer.text == sentence_for(clinic, "error.stale"), name
    for part in ("group-atria", "group-x", "sides-x", "sides-wide_aorta"):
        answer = await clinic.rao.forges(OnReading(scan_id=scan, part=part).pack())
        assert answer.text == sentence_for(clinic, "error.stale"), part
    assert await rows(clinic, Reading) == []


@pytest.mark.slow
async def test_fifteen_normal_chests_in_a_row_take_at_most_four_presses_each(clinic: Clinic) -> None:
    send_without_limits(clinic)
    for _ in range(SCANS):
        scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
        presses = 0
        for label, on in (
            ("Write findings", f"Scan #{scan} ·"),
            ("Normal chest", "what do you see"),
            ("AI right", f"scan #{scan}."),
        ):
            await clinic.rao.presses(label, on=on)
            presses += 1
        assert (await scan_row(clinic, scan)).status is ScanStatus.DOCTOR_VERIFIED
        assert presses <= MOST_PRESSES
