"""Threat: somebody else holds the phone on which a person is signed in."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.dev.demo import PASSWORD
from handlers.ui.keyboards import CardAction, EndSession, OnCard
from models.tables.people import Link, Role
from models.tables.scans import Status
from tests.handlers.test_registration import GOOD, signs_in
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, says
from workflow.accounts.sessions import GLANCE
from workflow.actors import Actor
from workflow.errors import ChatAsleep
from workflow.permissions import SHOWS_NOTHING, TABLE, Verb, allow

HEALTH = ["/report", "/scans", "/status", "/me", "/sessions", "/password"]


async def rests(house: House, hours: float = 13) -> None:
    """Every chat was used last so long ago."""
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(update(Link).values(seen_at=datetime.now(UTC) - timedelta(hours=hours)))


@pytest.mark.parametrize("deed", TABLE)
def test_every_deed_that_shows_anything_asks_again_in_a_chat_that_is_asleep(deed: Verb) -> None:
    """All but a few that were written down as showing nothing: a new deed asks by itself."""
    for role in TABLE[deed]:
        if role in {None, Role.SYSTEM}:
            continue
        if deed in SHOWS_NOTHING:
            allow(Actor(1, role, asleep=True), deed)
        else:
            with pytest.raises(ChatAsleep):
                allow(Actor(1, role, asleep=True), deed)


async def test_after_a_long_pause_the_password_is_asked_before_anything_is_shown(house: House) -> None:
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await settles(house)
    await rests(house)
    for words in HEALTH:
        await house.amina.sends(words)
        await house.amina.sees("This chat was unused for long")
    answer = await house.amina.forges(OnCard(action=CardAction.REPORT, scan_id=1).pack())
    assert answer.text == says(house, "error.chat_asleep")
    assert len([one for one in await house.amina.messages() if one.document]) == 1
    await house.amina.sends("a guess at it")
    await house.amina.sees("That is not the password")
    await house.amina.sends(PASSWORD)
    await house.amina.sees("Thank you")
    await house.amina.sends("/report")
    await house.amina.receives_document()
    said = [one.text for one in await house.amina.messages()]
    assert PASSWORD not in said
    assert "a guess at it" not in said


async def test_a_password_typed_into_a_form_that_fell_asleep_leaves_the_chat_too(house: House) -> None:
    await house.amina.sends("/export")
    await house.amina.sees("password")
    await rests(house)
    await house.amina.sends(PASSWORD)
    await house.amina.sees("This chat was unused for long")
    assert PASSWORD not in [one.text for one in await house.amina.messages()]


async def test_a_form_that_was_open_goes_on_after_the_password(house: House) -> None:
    await a_scan(house, Status.AI_ANALYZED)
    await house.rao.presses("Write findings")
    await house.rao.sees("Findings")
    await rests(house)
    await house.rao.sends("Opacities")
    await house.rao.sees("This chat was unused for long")
    await house.rao.sends(PASSWORD)
    await house.rao.sees("what do you see")
    await house.rao.sends("Opacities")
    await house.rao.sees("what does it mean")


async def test_nothing_is_pushed_into_a_chat_that_is_asleep_but_a_knock(house: House) -> None:
    """A doctor's phone in a drawer: no picture of a patient lights up on it; a patient's gets no report."""
    await house.until("completed")
    await settles(house)
    await rests(house)
    shown = len([one for one in await house.rao.messages() if one.photo])
    bela = await house.clinic.person("Bela")
    await house.joseph.sends("/unlock")
    await house.joseph.sends(PASSWORD)
    await house.joseph.sees("Thank you")
    await house.releases()
    await house.amina.sees("Your report R", timeout=30)
    await a_scan(house, Status.PENDING_AI)
    await house.rao.sees("There is news of scan #2", timeout=30)
    await settles(house)
    assert len([one for one in await house.rao.messages() if one.photo]) == shown
    assert [one for one in await house.amina.messages() if one.document] == []
    assert await bela.messages() == []


async def test_use_keeps_a_chat_awake_and_is_noted_every_few_minutes_only(house: House) -> None:
    async def seen() -> datetime:
        async with house.app.clinic.sessions() as session:
            return (await session.get_one(Link, house.amina.chat_id)).seen_at

    await rests(house, hours=11)
    await house.amina.sends("/help")
    await house.amina.sees("How it works")
    first = await seen()
    assert datetime.now(UTC) - first < GLANCE
    await house.amina.sends("/scans")
    await house.amina.sees("no scan of yours")
    assert await seen() == first


async def test_a_chat_is_signed_out_from_another_and_gets_nothing_any_more(house: House) -> None:
    phone = await house.clinic.person("Amina's lost phone")
    await signs_in(phone, "amina@example.org", PASSWORD)
    await house.amina.sends("/sessions")
    await house.amina.presses("Sign out Amina's lost phone")
    await settles(house)
    for words in ("/scans", "/report", "/sessions"):
        await phone.sends(words)
        await phone.sees("I do not know you yet")
    answer = await phone.forges(OnCard(action=CardAction.REPORT, scan_id=1).pack())
    assert answer.text == says(house, "error.not_linked")
    before = len(await phone.messages())
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await settles(house)
    assert len(await phone.messages()) == before


async def test_somebody_elses_chat_cannot_be_signed_out(house: House) -> None:
    await house.amina.sends("/help")
    await house.amina.sees("How it works")
    answer = await house.amina.forges(EndSession(chat_id=house.rao.chat_id).pack())
    assert answer.text == says(house, "error.not_found")
    await house.rao.sends("/queue")
    await house.rao.sees("Nothing waits for you")


async def test_all_other_chats_are_signed_out_at_once(house: House) -> None:
    phones = [await house.clinic.person(f"Phone {number}") for number in (1, 2)]
    for phone in phones:
        await signs_in(phone, "amina@example.org", PASSWORD)
    await house.amina.sends("/sessions")
    await house.amina.presses("Sign out all others")
    for phone in phones:
        await phone.sends("/scans")
        await phone.sees("I do not know you yet")
    await house.amina.sends("/scans")
    await house.amina.sees("no scan of yours")


async def test_the_thief_cannot_keep_a_chat_by_changing_the_password(house: House) -> None:
    """Changing asks for the old one first, however awake the chat is."""
    await house.amina.sends("/password")
    await house.amina.sees("present password")
    await house.amina.sends(GOOD)
    await house.amina.sees("That is not the password")
    await house.amina.sends(GOOD)
    await house.amina.sees("That is not the password")
