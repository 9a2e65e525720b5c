"""A second chat is linked from the first one, which decides; a link alone opens nothing."""

import re

import pytest
from sqlalchemy import update

from handlers.ui.callbacks.account import DecideChat
from models.tables.accounts import Account
from tests.support.catalogues import sentences
from tests.support.people import Clinic
from tests.support.steps import an_hour_passes_for_codes, sentence_for


async def _offers(clinic: Clinic) -> str:
    await clinic.amina.sends("/sessions")
    await clinic.amina.presses("Another chat", on="Where you are signed in")
    [payload] = re.findall(r"start=(\S+)", (await clinic.amina.sees("Open this link")).text)
    return str(payload)


@pytest.mark.slow
async def test_the_first_chat_decides_and_the_second_then_reads(clinic: Clinic) -> None:
    await clinic.uploads()
    payload = await _offers(clinic)
    tablet, thief = await clinic.telegram.person("Amina's tablet"), await clinic.telegram.person("Thief")
    await tablet.starts(payload)
    await tablet.sees("Yes, it is me")
    await tablet.sends("/scans")
    await tablet.sees("I do not know you yet")
    await thief.starts(payload)
    await thief.sees("used already or is too old")
    asked = await clinic.amina.sees("wants to read your scans")
    assert "Amina's tablet" in asked.text
    for person in (thief, clinic.rao):
        await person.forges(DecideChat(code_id=1, yes=True).pack())
    await clinic.amina.presses("Yes, it is me")
    await clinic.amina.sees("The other chat is linked")
    await tablet.sees("is linked to your account")
    await tablet.sends("/scans")
    await tablet.sees("#1")
    again = await clinic.amina.forges(DecideChat(code_id=1, yes=True).pack())
    assert again.text == sentence_for(clinic, "error.stale")
    await an_hour_passes_for_codes(clinic)

    await thief.starts(await _offers(clinic))
    await clinic.amina.presses("No", on="wants to read your scans")
    await clinic.amina.sees("stays outside")
    await thief.sends("/scans")
    await thief.sees("I do not know you yet")


async def test_the_name_of_an_asking_chat_turns_no_text_round_and_adds_no_line(clinic: Clinic) -> None:
    payload = await _offers(clinic)
    thief = await clinic.telegram.person("Amina\n✅ checked\u202e tihw\u2066\u0007")
    await thief.starts(payload)
    asked = await clinic.amina.sees("wants to read your scans")
    assert "Amina ✅ checked tihw" in asked.text
    assert not set("\u202e\u2066\u0007") & set(asked.text)


async def test_staff_are_offered_no_chat_without_their_password(clinic: Clinic) -> None:
    await clinic.rao.sends("/sessions")
    assert (await clinic.rao.sees("Where you are signed in")).key("Another chat") is None
    refused = await clinic.rao.forges("lk")
    assert "Somebody else" in (refused.text or "")
    stranger = await clinic.telegram.person("Stranger")
    await stranger.starts("link_guessed")
    await stranger.sees("used already or is too old")


@pytest.mark.parametrize("language", ["en", "ta", "hi"])
async def test_unlink_says_to_staff_that_the_chats_browsers_end_too(clinic: Clinic, language: str) -> None:
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(Account).values(language=language))
    words = sentences(language)
    for person in (clinic.rao, clinic.amina):
        await person.sends("/unlink")
        asked = await person.sees(words["unlink.ask"])
        await person.presses(words["button.unlink"])
        done = await person.sees(words["unlink.done"])
        assert (words["unlink.ask_browsers"] in asked.text) is (person is clinic.rao)
        assert (words["unlink.done_browsers"] in done.text) is (person is clinic.rao)
