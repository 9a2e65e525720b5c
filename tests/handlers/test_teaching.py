"""What the FAQ did not know is kept without names, and an administrator teaches it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.telegram.faq_cache import Receptionist
from faq.answer import Learned, load
from faq.deidentify import nameless
from faq.evaluation import read_questions
from faq.teaching import Doubt, objections
from models.base import Sessions
from models.tables.audit import AuditRow
from models.tables.misses import Miss, Offer, TaughtPhrase
from tests.support.people import House, eventually
from tests.support.rows import NOW, a_staff
from workflow.errors import NotAllowed
from workflow.faq import unanswered
from workflow.faq.unanswered import KEPT, Asked

PARKING = "is there parking for scooters"


async def _asks_in_vain(house: House, question: str = PARKING) -> Miss:
    await house.amina.sends(question)
    await house.amina.sees("do not know that")
    return await eventually(house.app.clinic.sessions, lambda session: session.scalar(select(Miss).limit(1)))


async def test_a_miss_is_kept_without_whom_and_alike_ones_count_together(house: House) -> None:
    await _asks_in_vain(house, "My name is Amina, call 98765 43210 or amina@example.org: is there parking for scooters")
    await house.rao.sends("my name is amina call 111222333 or x@example.org is there PARKING for scooters?")
    await house.rao.sees("")

    async def twice(session: AsyncSession) -> Miss | None:
        return await session.scalar(select(Miss).where(Miss.times == 2))

    miss = await eventually(house.app.clinic.sessions, twice)
    assert miss.language == "en"
    for private in ("amina", "98765", "43210", "example"):
        assert private not in miss.text.lower()
    assert "parking for scooters" in miss.text.lower()
    assert set(Miss.__table__.columns.keys()) == {"id", "mark", "language", "text", "times", "last_at"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("MRN AB12345 when do you open in the night", "MRN … when do you open in the night"),
        ("scan #7, or +91 98765-43210?", "scan …, or …?"),
        ("is Venkatesh in ward twelve", "is … in ward twelve"),
        ("எனக்கு 9876543210 போன் பண்ணுங்க", "எனக்கு … போன் பண்ணுங்க"),
        ("मेरा नंबर ९८७६५४३२१० है", "मेरा नंबर … है"),
        ("Tr0ub4dor&3", None),
        ("Amina", None),
        ("what is covid-19", "what is covid-19"),
    ],
)
def test_what_names_somebody_is_left_out(engines: Engines, said: str, kept: str | None) -> None:
    assert nameless(said, ["Amina Begum"], engines.faq.known) == kept


async def test_a_pressed_suggestion_was_no_miss(house: House) -> None:
    await house.amina.sends("report password doctor")
    unsure = await house.amina.sees("assword")
    sessions = house.app.clinic.sessions
    await eventually(sessions, lambda session: session.scalar(select(Offer)))
    await house.amina.presses(unsure.buttons[0])
    await eventually(sessions, _nothing_kept)


async def _nothing_kept(session: AsyncSession) -> bool:
    return await session.scalar(select(Miss)) is None and await session.scalar(select(Offer)) is None


async def test_a_miss_taught_as_a_phrase_is_answered_at_once_and_can_be_taken_back(house: House) -> None:
    await house.joseph.sends("/faqmisses")
    await house.joseph.sees("No question is waiting")
    await _asks_in_vain(house)
    await house.joseph.sends("/faqmisses")
    assert "parking for scooters" in (await house.joseph.sees("found no answer")).text
    await house.joseph.presses("1", on="found no answer")
    card = await house.joseph.sees("Which topic answers this")
    assert len(card.buttons) == 6
    await house.joseph.presses("Another topic")
    await house.joseph.sees("Which topic answers this")
    await house.joseph.presses("➕ Contact")
    if not await _taught(house):
        await house.joseph.presses("Save all the same", on="Not saved yet")
    await house.joseph.sees("Learned")
    await house.amina.sends(PARKING.upper() + "??")
    assert "☎" in (await house.amina.sees("staff")).text
    async with house.app.clinic.sessions() as session:
        assert await session.scalar(select(AuditRow.object_kind).where(AuditRow.act == "faq:teach")) == "faq_phrase"
        assert await session.scalar(select(Miss)) is None
    await house.joseph.sends("/faqtaught")
    await house.joseph.presses("1", on="What I was taught")
    await house.joseph.presses("Take it back")
    await house.joseph.sees("Taken back")
    await _asks_in_vain(house)


async def _taught(house: House) -> bool:
    """Whether it was saved at once; else it was said what speaks against it."""
    async with asyncio.timeout(20):
        while True:
            async with house.app.clinic.sessions() as session:
                if await session.scalar(select(TaughtPhrase)):
                    return True
            if any("Not saved yet" in message.text for message in await house.joseph.messages()):
                return False
            await asyncio.sleep(0.1)


async def test_a_new_entry_in_two_languages_is_asked_for_step_by_step_and_survives_a_restart(house: House) -> None:
    await _asks_in_vain(house)
    await house.joseph.sends("/faqmisses")
    await house.joseph.presses("1", on="found no answer")
    await house.joseph.presses("New answer")
    for question, words in (
        ("short title", "Parking"),
        ("the answer itself", "Behind the <house>, free."),
    ):
        await house.joseph.sees(question)
        await house.joseph.sends(words)
    await house.joseph.sees("How else do people ask")
    await house.joseph.sends("I cannot breathe")
    await house.joseph.sees("sounds like an emergency")
    await house.joseph.sends("where may I leave my scooter")
    await house.joseph.sees("The same in हिन्दी")
    await house.joseph.presses("Skip", on="The same in हिन्दी")
    await house.joseph.sees("The same in தமிழ்")
    await house.joseph.sends("பார்க்கிங்")
    await house.joseph.sees("the answer itself")
    await house.joseph.sends("பின்புறம்")
    await house.joseph.sees("How else do people ask")
    await house.joseph.presses("Skip", on="How else do people ask for it in தமிழ்")
    if not await _taught(house):
        await house.joseph.presses("Save all the same", on="Not saved yet")
    await house.joseph.sees("Learned")
    await house.amina.sends("scooter parking?")
    await house.amina.sees("Behind the <house>, free.")
    await _another_process_knows_it(house)
    await house.joseph.sends("/faqtaught")
    await house.joseph.presses("1", on="What I was taught")
    await house.joseph.sees("பின்புறம்")
    await house.joseph.presses("Take it back")
    await house.joseph.sees("Taken back")
    await house.amina.sends("scooter parking?")
    await house.amina.sees("do not know that")


async def _another_process_knows_it(house: House) -> None:
    """A new process, or another worker, and emergencies stay the first."""
    async with house.app.clinic.sessions() as session:
        faq = await Receptionist(load()).faq(session)
    assert faq.answer(PARKING).text == "Behind the <house>, free."
    assert faq.answer("பார்க்கிங்", "ta").text == "பின்புறம்"
    assert faq.answer("I cannot breathe in the parking").emergency


def test_what_speaks_against_a_phrase_is_found_before_it_is_saved(engines: Engines) -> None:
    def doubts(topic: str, phrase: str) -> set[Doubt]:
        return {one.doubt for one in objections(engines.faq, topic, [Learned(topic, "en", phrase)])}

    assert doubts("report", "I cannot breathe") == {Doubt.EMERGENCY}
    assert doubts("report", "what to do if I faint") == {Doubt.EMERGENCY}
    assert doubts("report", "is it of the") == {Doubt.NOTHING}
    assert Doubt.COLLIDES in doubts("report", "how do I upload a picture")
    assert doubts("report", "where is my film result") == set()


def test_a_phrase_that_would_swallow_known_questions_is_named(engines: Engines) -> None:
    tune = [one.text for one in read_questions("tune") if one.right == {"upload"}][:40]
    found = objections(engines.faq, "password", [Learned("password", "en", text) for text in tune])
    assert Doubt.LOSES in {one.doubt for one in found}


def test_an_emergency_cannot_be_taught_away(engines: Engines) -> None:
    taught = engines.faq.learn([Learned("greeting", "en", "I cannot breathe")])
    assert taught.answer("I cannot breathe").emergency
    assert not engines.faq.answer("hello").emergency


async def test_misses_do_not_grow_for_ever(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "MOST", 3)
    async with sessions.begin() as session:
        for day, letter in enumerate("aabcdef"):
            at = NOW + timedelta(days=day)
            await unanswered.keep(session, Asked(f"odd {letter * 5} words", "en", ()), lambda _: True, at)
    async with sessions.begin() as session:
        assert sorted(one.text for one in await session.scalars(select(Miss))) == [
            f"odd {one * 5} words" for one in "aef"
        ]
        later = NOW + KEPT + timedelta(days=10)
        await unanswered.keep(session, Asked("something quite new", "en", ()), lambda _: True, later)
        assert [one.text for one in await session.scalars(select(Miss))] == ["something quite new"]
    async with sessions() as session:
        staff = await a_staff(session)
        found, total = await unanswered.frequent(session, staff.administrator, 0, 5)
        assert (len(found), total) == (1, 1)
        with pytest.raises(NotAllowed):
            await unanswered.frequent(session, staff.doctor, 0, 5)
