"""Threat: somebody reads, moves or takes home a scan that is not his."""

import pytest

from handlers.ui.keyboards import CardAction
from models.tables.people import Role
from models.tables.scans import Status
from tests.promises.test_nobody_beyond_role_and_ownership import _moves_in
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, button, says


@pytest.mark.parametrize("stage", [Status.PENDING_AI, Status.PHARMACIST_COMPLETED])
async def test_somebody_elses_scan_looks_exactly_like_one_that_does_not_exist(house: House, stage: Status) -> None:
    """Bela presses every button there is on Amina's scan and on no scan at all: the same words, and nothing comes."""
    bela = await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)
    await a_scan(house, stage)
    await settles(house)
    before = len(await bela.messages())
    for action in CardAction:
        foreign = await bela.forges(await button(house, action, 1))
        missing = await bela.forges(await button(house, action, 999_999))
        assert (foreign.text, foreign.show_alert) == (missing.text, missing.show_alert), action
        assert foreign.text in {says(house, "error.not_found"), says(house, "error.not_allowed")}, action
    assert len(await bela.messages()) == before
