"""Threat: a press is replayed, or a button from earlier is pressed when things have moved on."""

import pytest

from handlers.ui.keyboards import CardAction
from models.tables.scans import ScanEvent, Status
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, button, rows, says
from tests.support.wire import pressed

MOVES = [
    (Status.PENDING_AI, "rao", CardAction.ANALYSE),
    (Status.AI_ANALYZED, "rao", CardAction.FINDINGS),
    (Status.DOCTOR_VERIFIED, "meena", CardAction.NO_MEDICINE),
    (Status.DOCTOR_VERIFIED, "meena", CardAction.COMPLETE),
    (Status.PHARMACIST_COMPLETED, "joseph", CardAction.APPROVE),
]


@pytest.mark.parametrize(("stage", "who", "action"), MOVES)
async def test_the_same_update_twice_has_one_effect(house: House, stage: Status, who: str, action: CardAction) -> None:
    """The very same press, as a replay would send it: what is kept does not change the second time."""
    await a_scan(house, stage)
    await settles(house)
    person = getattr(house, who)
    if action is CardAction.COMPLETE:
        await house.meena.presses("No medicine needed")
    update = pressed(await button(house, action, 1), person.chat_id, person.chat_id)
    await house.app.dispatcher.feed_update(house.app.clinic.bot, update)
    await settles(house)  # an analysis that was asked for is an event, too
    once = await rows(house, ScanEvent)
    await house.app.dispatcher.feed_update(house.app.clinic.bot, update)
    await settles(house)
    assert await rows(house, ScanEvent) == once


async def test_buttons_of_every_earlier_stage_get_a_kind_sentence_and_move_nothing(house: House) -> None:
    """The scan is with the administrator; doctor and pharmacist press what their old cards still show."""
    await a_scan(house, Status.PHARMACIST_COMPLETED)
    await settles(house)
    for person in (house.rao, house.meena):
        await person.sends("/help")
        await person.sees("How it works")
    before = await rows(house, ScanEvent)
    kind = {says(house, "error.stale"), says(house, "error.not_allowed")}
    doctors = (CardAction.ANALYSE, CardAction.FINDINGS, CardAction.VERIFY, CardAction.VERIFY_AGREE)
    old = [(house.rao, action) for action in doctors]
    old += [(house.meena, action) for action in (CardAction.PRESCRIBE, CardAction.NO_MEDICINE, CardAction.COMPLETE)]
    for person, action in old:
        answer = await person.forges(await button(house, action, 1))
        assert answer.text in kind, action
    assert await rows(house, ScanEvent) == before
