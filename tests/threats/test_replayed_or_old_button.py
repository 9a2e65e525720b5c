"""Threat: a press is replayed, or an old button is pressed after the state has changed."""

import pytest

from handlers.ui.callbacks import CardAction
from models.tables.scans import ScanEvent
from models.vocabulary import ScanStatus
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.steps import a_scan, button, rows, sentence_for
from tests.support.wire import pressed

MOVES = [
    (ScanStatus.PENDING_AI, "rao", CardAction.ANALYSE),
    (ScanStatus.AI_ANALYZED, "rao", CardAction.WRITE_FINDINGS),
    (ScanStatus.DOCTOR_VERIFIED, "meena", CardAction.NO_MEDICINE),
    (ScanStatus.DOCTOR_VERIFIED, "meena", CardAction.COMPLETE),
    (ScanStatus.PHARMACIST_COMPLETED, "joseph", CardAction.APPROVE),
]


@pytest.mark.parametrize(("stage", "who", "action"), MOVES)
async def test_the_same_update_twice_has_one_effect(
    clinic: Clinic, stage: ScanStatus, who: str, action: CardAction
) -> None:
    """The same press, replayed: the second time nothing stored changes."""
    await a_scan(clinic, stage)
    await settles(clinic)
    person = getattr(clinic, who)
    if action is CardAction.COMPLETE:
        await clinic.meena.presses("No medicine needed")
    update = pressed(await button(clinic, action, 1), person.chat_id, person.chat_id)
    await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await settles(clinic)  # a requested analysis is an event, too
    once = await rows(clinic, ScanEvent)
    await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await settles(clinic)
    assert await rows(clinic, ScanEvent) == once


async def test_buttons_of_every_earlier_stage_get_a_kind_sentence_and_move_nothing(clinic: Clinic) -> None:
    """The scan is with the administrator; doctor and pharmacist press the buttons of their old cards."""
    await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    await settles(clinic)
    for person in (clinic.rao, clinic.meena):
        await person.sends("/help")
        await person.sees("How it works")
    before = await rows(clinic, ScanEvent)
    kind = {sentence_for(clinic, "error.stale"), sentence_for(clinic, "error.not_allowed")}
    doctors = (CardAction.ANALYSE, CardAction.WRITE_FINDINGS, CardAction.VERIFY, CardAction.VERIFY_AGREE)
    old = [(clinic.rao, action) for action in doctors]
    old += [(clinic.meena, action) for action in (CardAction.PRESCRIBE, CardAction.NO_MEDICINE, CardAction.COMPLETE)]
    for person, action in old:
        answer = await person.forges(await button(clinic, action, 1))
        assert answer.text in kind, action
    assert await rows(clinic, ScanEvent) == before
