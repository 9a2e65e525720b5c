"""Promise 5: confidence below the threshold is "Uncertain" and needs the physician's own explicit reading."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.app import Engines
from handlers.ui.callbacks import CardAction
from inference.model.classifier import Classifier
from inference.upload.open import open_picture
from models.vocabulary import ScanStatus
from tests.support.people import FINDINGS, Clinic, open_clinic
from tests.support.steps import a_scan, actor, button, scan_row, sentence_for
from workflow.scans.reading import TypedFindings, write_findings


@pytest.fixture
async def strict_clinic(engines: Engines) -> AsyncIterator[Clinic]:
    """A clinic whose model has a threshold that no answer reaches."""
    bundle = engines.classifier.bundle
    never = replace(bundle, thresholds=replace(bundle.thresholds, uncertain=1.01))
    async with open_clinic(engines._replace(classifier=Classifier(never))) as opened:
        yield opened


@pytest.mark.slow
async def test_an_answer_below_the_threshold_waits_for_the_doctors_own_reading(strict_clinic: Clinic) -> None:
    """From the pixels to the signature: the card shows Uncertain, Verify is refused, the form asks for the reading."""
    clinic, rao = strict_clinic, strict_clinic.rao
    await clinic.uploads()
    card = await clinic.analyses()
    assert "Uncertain" in card.text
    answer = await rao.presses("Verify")
    assert (answer.show_alert, answer.text) == (True, sentence_for(clinic, "error.findings_missing"))

    await rao.presses("Write findings")
    await rao.sees("your own reading")
    await rao.presses("Write findings")  # starting afresh does not skip the question
    await rao.sees("your own reading")
    await rao.sends("Pneumonia, in my own reading.")
    for words in FINDINGS:
        await rao.sees("")
        await rao.sends(words)
    await rao.presses("Verify", on="Written down")
    await rao.sees("Verified by Dr Rao")
    scan = await scan_row(clinic, 1)
    assert scan.status is ScanStatus.DOCTOR_VERIFIED
    assert scan.reading is not None
    assert scan.reading.own_reading == "Pneumonia, in my own reading."


async def test_findings_alone_do_not_sign_an_uncertain_scan(clinic: Clinic) -> None:
    """With findings written in any way: without the doctor's own reading no form of Verify succeeds."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, uncertain=True, confidence=0.4, doubts=["low_confidence"])
    card = await clinic.rao.sees("Uncertain")
    for own_reading in (None, ""):
        await _writes(clinic, scan, own_reading)
        for action in (CardAction.VERIFY, CardAction.VERIFY_AGREE, CardAction.VERIFY_DISAGREE):
            answer = await clinic.rao.forges(await button(clinic, action, scan), card.id)
            assert answer.text == sentence_for(clinic, "error.own_reading_missing"), action
            assert (await scan_row(clinic, scan)).status is ScanStatus.AI_ANALYZED
    await _writes(clinic, scan, "Effusion.")
    await clinic.rao.forges(await button(clinic, CardAction.VERIFY, scan), card.id)
    assert (await scan_row(clinic, scan)).status is ScanStatus.DOCTOR_VERIFIED


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.75, 0.9, 1.01])
def test_the_model_speaks_only_at_or_above_its_threshold(engines: Engines, picture: bytes, threshold: float) -> None:
    """Other reasons may make it abstain too; a confidence below the threshold always does."""
    bundle = engines.classifier.bundle
    classifier = Classifier(replace(bundle, thresholds=replace(bundle.thresholds, uncertain=threshold)))
    reading = classifier.predict(open_picture(picture))
    assert reading.uncertain or reading.confidence >= threshold


async def _writes(clinic: Clinic, scan: int, own_reading: str | None) -> None:
    """Store a draft with or without the doctor's own reading through the workflow."""
    async with clinic.app.services.sessions.begin() as session:
        rao = await actor(session, "rao@example.org")
        await write_findings(
            session, rao, scan, TypedFindings("Opacities.", None, None, own_reading), datetime.now(UTC)
        )
