"""Threat: a person reads, changes or exports a scan of another."""

import pytest

from handlers.ui.callbacks import CardAction
from models.vocabulary import Role, ScanStatus
from tests.support.jobs import settles
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import a_scan, button, sentence_for


@pytest.mark.slow
@pytest.mark.parametrize("stage", [ScanStatus.PENDING_AI, ScanStatus.PHARMACIST_COMPLETED])
async def test_somebody_elses_scan_looks_exactly_like_one_that_does_not_exist(
    clinic: Clinic, stage: ScanStatus
) -> None:
    """Bela presses every button on Amina's scan and on a missing scan: the answers are equal, and nothing is sent."""
    bela = await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    await a_scan(clinic, stage)
    await settles(clinic)
    before = len(await bela.messages())
    for action in CardAction:
        foreign = await bela.forges(await button(clinic, action, 1))
        missing = await bela.forges(await button(clinic, action, 999_999))
        assert (foreign.text, foreign.show_alert) == (missing.text, missing.show_alert), action
        assert foreign.text in {sentence_for(clinic, "error.not_found"), sentence_for(clinic, "error.not_allowed")}, (
            action
        )
    assert len(await bela.messages()) == before
