"""Threat: a keyboard is used from another chat, or the bot is spoken to in a group."""

import pytest

from handlers.ui.keyboards import CardAction
from models.tables.chats import HandledUpdate
from models.tables.scans import Status
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, button, rows, scan_row
from tests.support.wire import pressed, said

GROUP = -1001234567890


@pytest.mark.parametrize("place", ["another person's chat", "group", "supergroup", "channel"])
async def test_a_press_from_another_chat_does_nothing_and_shows_nothing(house: House, place: str) -> None:
    """The doctor's own press under the doctor's own keyboard, only not in the doctor's own chat."""
    await a_scan(house, Status.PENDING_AI)
    await settles(house)
    chat = house.amina.chat_id if place.startswith("another") else GROUP
    kind = "private" if place.startswith("another") else place
    before, calls = await rows(house, HandledUpdate), len(await house.clinic.calls())
    for action in CardAction:
        update = pressed(await button(house, action, 1), house.rao.chat_id, chat, kind)
        await house.app.dispatcher.feed_update(house.app.clinic.bot, update)
    await settles(house)
    assert (await scan_row(house, 1)).analysis_asked_at is None
    assert await rows(house, HandledUpdate) == before
    assert len([call for call in (await house.clinic.calls())[calls:] if call["method"] != "getUpdates"]) == 0


@pytest.mark.parametrize("words", ["/queue", "/report", "/scans", "/start", "/me", "what is an x-ray"])
async def test_nothing_is_answered_in_a_group(house: House, words: str) -> None:
    """A group would show one patient's scan to another."""
    await settles(house)
    calls = len(await house.clinic.calls())
    for who in (house.rao, house.amina):
        update = said(words, who.chat_id, GROUP, "supergroup")
        await house.app.dispatcher.feed_update(house.app.clinic.bot, update)
    assert [call for call in (await house.clinic.calls())[calls:] if call["method"] != "getUpdates"] == []


async def test_pictures_and_reports_cannot_be_forwarded_or_saved(house: House) -> None:
    """Every picture and every document that leaves for a chat is protected by Telegram."""
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await house.rao.presses("Read all")
    await house.rao.sees("replaces none")
    sent = [call for kind in ("sendPhoto", "sendDocument") for call in await house.clinic.calls(kind)]
    assert len(sent) >= 4
    assert [call["fields"].get("protect_content") for call in sent] == ["true"] * len(sent)
