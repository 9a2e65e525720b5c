"""Threat: a keyboard is used from another chat, or the bot is addressed in a group."""

import pytest

from handlers.ui.callbacks import CardAction
from models.tables.chats import HandledUpdate
from models.vocabulary import ScanStatus
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.steps import a_scan, button, rows, scan_row
from tests.support.wire import pressed, text_update

GROUP = -1001234567890


@pytest.mark.parametrize("place", ["another person's chat", "group", "supergroup", "channel"])
async def test_a_press_from_another_chat_does_nothing_and_shows_nothing(clinic: Clinic, place: str) -> None:
    """The doctor's own press under the doctor's own keyboard, but not in the doctor's own chat."""
    await a_scan(clinic, ScanStatus.PENDING_AI)
    await settles(clinic)
    chat = clinic.amina.chat_id if place.startswith("another") else GROUP
    kind = "private" if place.startswith("another") else place
    before, calls = await rows(clinic, HandledUpdate), len(await clinic.telegram.calls())
    for action in CardAction:
        update = pressed(await button(clinic, action, 1), clinic.rao.chat_id, chat, kind)
        await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await settles(clinic)
    assert (await scan_row(clinic, 1)).analysis_asked_at is None
    assert await rows(clinic, HandledUpdate) == before
    assert len([call for call in (await clinic.telegram.calls())[calls:] if call["method"] != "getUpdates"]) == 0


@pytest.mark.parametrize("words", ["/queue", "/report", "/scans", "/start", "/me", "what is an x-ray"])
async def test_nothing_is_answered_in_a_group(clinic: Clinic, words: str) -> None:
    """A group would show one patient's scan to another."""
    await settles(clinic)
    calls = len(await clinic.telegram.calls())
    for who in (clinic.rao, clinic.amina):
        update = text_update(words, who.chat_id, GROUP, "supergroup")
        await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    assert [call for call in (await clinic.telegram.calls())[calls:] if call["method"] != "getUpdates"] == []


@pytest.mark.slow
async def test_pictures_and_reports_cannot_be_forwarded_or_saved(clinic: Clinic) -> None:
    """Every picture and document is sent with protected content."""
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await clinic.rao.presses("Read all")
    await clinic.rao.sees("replaces none")
    sent = [call for kind in ("sendPhoto", "sendDocument") for call in await clinic.telegram.calls(kind)]
    assert len(sent) >= 4
    assert [call["fields"].get("protect_content") for call in sent] == ["true"] * len(sent)
