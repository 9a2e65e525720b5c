"""Promise 5: confidence below the threshold is "Uncertain" and needs the physician's own explicit reading."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.app import Engines
from handlers.ui.keyboards import CardAction
from inference.model.classifier import Classifier
from inference.upload.open import open_picture
from models.tables.scans import Status
from tests.support.people import FINDINGS, House, open_house
from tests.support.steps import a_scan, actor, button, says, scan_row
from workflow.scans.reading import Words, write_findings


@pytest.fixture
async def strict_house(engines: Engines) -> AsyncIterator[House]:
    """The same model with a threshold that no answer reaches."""
    bundle = engines.classifier.bundle
    never = replace(bundle, thresholds=replace(bundle.thresholds, uncertain=1.01))
    async with open_house(engines._replace(classifier=Classifier(never))) as opened:
        yield opened


async def test_an_answer_below_the_threshold_waits_for_the_doctors_own_reading(strict_house: House) -> None:
    """From the pixels to the signature: the card says Uncertain, Verify is refused, the form asks for the reading."""
    house, rao = strict_house, strict_house.rao
    await house.uploads()
    card = await house.analyses()
    assert "Uncertain" in card.text
    answer = await rao.presses("Verify")
    assert (answer.show_alert, answer.text) == (True, says(house, "error.findings_missing"))

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
    scan = await scan_row(house, 1)
    assert scan.status is Status.DOCTOR_VERIFIED
    assert scan.reading is not None
    assert scan.reading.own_reading == "Pneumonia, in my own reading."


async def test_findings_alone_do_not_sign_an_uncertain_scan(house: House) -> None:
    """However the findings came to stand there: without the own reading no form of Verify goes through."""
    scan = await a_scan(house, Status.AI_ANALYZED, uncertain=True, confidence=0.4, doubts=["low_confidence"])
    card = await house.rao.sees("Uncertain")
    for own_reading in (None, ""):
        await _writes(house, scan, own_reading)
        for action in (CardAction.VERIFY, CardAction.VERIFY_AGREE, CardAction.VERIFY_DISAGREE):
            answer = await house.rao.forges(await button(house, action, scan), card.id)
            assert answer.text == says(house, "error.own_reading_missing"), action
            assert (await scan_row(house, scan)).status is Status.AI_ANALYZED
    await _writes(house, scan, "Effusion.")
    await house.rao.forges(await button(house, CardAction.VERIFY, scan), card.id)
    assert (await scan_row(house, scan)).status is Status.DOCTOR_VERIFIED


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.75, 0.9, 1.01])
def test_the_model_speaks_only_at_or_above_its_threshold(engines: Engines, picture: bytes, threshold: float) -> None:
    """Whatever else makes it abstain, a confidence below the threshold always does."""
    bundle = engines.classifier.bundle
    classifier = Classifier(replace(bundle, thresholds=replace(bundle.thresholds, uncertain=threshold)))
    reading = classifier.read(open_picture(picture))
    assert reading.uncertain or reading.confidence >= threshold


async def _writes(house: House, scan: int, own_reading: str | None) -> None:
    """A draft with or without the own reading, by the workflow's own verb."""
    async with house.app.clinic.sessions.begin() as session:
        rao = await actor(session, "rao@example.org")
        await write_findings(session, rao, scan, Words("Opacities.", None, None, own_reading), datetime.now(UTC))
