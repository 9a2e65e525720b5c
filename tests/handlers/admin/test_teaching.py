"""Unanswered FAQ questions are kept without names, and an administrator adds answers."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.telegram.faq_cache import FaqCache
from faq.answer import LearnedPhrase, load
from faq.deidentify import deidentify
from faq.evaluation import read_questions
from faq.teaching import ObjectionKind, find_objections
from models.base import Sessions
from models.tables.audit import AuditRow
from models.tables.faq import MissedQuestion, SuggestedTopic, TaughtPhrase
from tests.support.account_steps import is_proved
from tests.support.people import Clinic, eventually
from tests.support.rows import NOW, a_staff
from tests.support.steps import asks_unanswered
from workflow.errors import NotAllowed
from workflow.faq import unanswered
from workflow.faq.unanswered import RETENTION, UnansweredQuestion

PARKING = "is there parking for scooters"


async def _asks_unanswered(clinic: Clinic, question: str = PARKING) -> MissedQuestion:
    await is_proved(clinic)
    return await asks_unanswered(clinic, question)


async def test_a_miss_is_kept_without_whom_and_alike_ones_count_together(clinic: Clinic) -> None:
    await _asks_unanswered(
        clinic, "My name is Amina, call 98765 43210 or amina@example.org: is there parking for scooters"
    )
    await clinic.rao.sends("my name is amina call 111222333 or x@example.org is there PARKING for scooters?")
    await clinic.rao.sees("")

    async def twice(session: AsyncSession) -> MissedQuestion | None:
        return await session.scalar(select(MissedQuestion).where(MissedQuestion.times == 2))

    miss = await eventually(clinic.app.services.sessions, twice)
    assert miss.language == "en"
    for private in ("amina", "98765", "43210", "example"):
        assert private not in miss.text.lower()
    assert "parking for scooters" in miss.text.lower()
    assert set(MissedQuestion.__table__.columns.keys()) == {"id", "mark", "language", "text", "times", "last_at"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("MRN AB12345 when do you open in the night", "… when do you open in the night"),
        ("scan #7, or +91 98765-43210?", "scan …, or …?"),
        ("is Venkatesh in room twelve", "is … in room …"),
        ("எனக்கு 9876543210 போன் பண்ணுங்க", "எனக்கு … போன் பண்ணுங்க"),
        ("मेरा नंबर ९८७६५४३२१० है", "मेरा नंबर … है"),
        ("Amina", None),
    ],
)
def test_what_names_somebody_is_left_out(engines: Engines, typed: str, kept: str | None) -> None:
    assert deidentify(typed, ["Amina Begum"], engines.faq.kept_words) == kept


async def test_a_pressed_suggestion_was_no_miss(clinic: Clinic) -> None:
    await clinic.amina.sends("scan password language")
    unsure = await clinic.amina.sees("I speak English")
    sessions = clinic.app.services.sessions
    await eventually(sessions, lambda session: session.scalar(select(SuggestedTopic)))
    await clinic.amina.presses(unsure.buttons[0])
    await eventually(sessions, _nothing_kept)


async def _nothing_kept(session: AsyncSession) -> bool:
    return await session.scalar(select(MissedQuestion)) is None and await session.scalar(select(SuggestedTopic)) is None


@pytest.mark.slow
async def test_a_miss_taught_as_a_phrase_is_answered_at_once_and_can_be_taken_back(clinic: Clinic) -> None:
    await clinic.joseph.sends("/faqmisses")
    await clinic.joseph.sees("No question is waiting")
    await _asks_unanswered(clinic)
    await clinic.joseph.sends("/faqmisses")
    assert "parking for scooters" in (await clinic.joseph.sees("found no answer")).text
    await clinic.joseph.presses("1", on="found no answer")
    card = await clinic.joseph.sees("Which topic answers this")
    assert len(card.buttons) == 6
    await clinic.joseph.presses("Another topic")
    await clinic.joseph.sees("Which topic answers this")
    await clinic.joseph.presses("➕ Contact")
    if not await _taught(clinic):
        await clinic.joseph.presses("Save all the same", on="Not saved yet")
    await clinic.joseph.sees("Learned")
    await clinic.amina.sends(PARKING.upper() + "??")
    assert "☎" in (await clinic.amina.sees("staff")).text
    async with clinic.app.services.sessions() as session:
        assert await session.scalar(select(AuditRow.object_kind).where(AuditRow.act == "faq:teach")) == "faq_phrase"
        assert await session.scalar(select(MissedQuestion)) is None
        [stored] = (await session.execute(text("SELECT phrase FROM faq_phrases"))).scalars()
        assert b"parking" not in bytes(stored)
    await clinic.joseph.sends("/faqtaught")
    await clinic.joseph.presses("1", on="What I was taught")
    await clinic.joseph.presses("Take it back")
    await clinic.joseph.sees("Taken back")
    await _asks_unanswered(clinic)


async def _taught(clinic: Clinic) -> bool:
    """Whether it was saved at once; otherwise an objection was shown."""
    async with asyncio.timeout(20):
        while True:
            async with clinic.app.services.sessions() as session:
                if await session.scalar(select(TaughtPhrase)):
                    return True
            shown = [one for one in await clinic.joseph.messages() if one.event > clinic.joseph.mark]
            if any("Not saved yet" in message.text for message in shown):
                return False
            await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_a_new_entry_in_two_languages_is_asked_for_step_by_step_and_survives_a_restart(clinic: Clinic) -> None:
    await _asks_unanswered(clinic)
    await clinic.joseph.sends("/faqmisses")
    await clinic.joseph.presses("1", on="found no answer")
    await clinic.joseph.presses("New answer")
    for question, words in (
        ("short title", "Parking"),
        ("the answer itself", "Behind the <house>, free."),
    ):
        await clinic.joseph.sees(question)
        await clinic.joseph.sends(words)
    await clinic.joseph.sees("How else do people ask")
    await clinic.joseph.sends("I cannot breathe")
    await clinic.joseph.sees("sounds like an emergency")
    await clinic.joseph.sends("where may I leave my scooter")
    await clinic.joseph.sees("The same in हिन्दी")
    await clinic.joseph.presses("Skip", on="The same in हिन्दी")
    await clinic.joseph.sees("The same in தமிழ்")
    await clinic.joseph.sends("பார்க்கிங்")
    await clinic.joseph.sees("the answer itself")
    await clinic.joseph.sends("பின்புறம்")
    await clinic.joseph.sees("How else do people ask")
    await clinic.joseph.presses("Skip", on="How else do people ask for it in தமிழ்")
    if not await _taught(clinic):
        await clinic.joseph.presses("Save all the same", on="Not saved yet")
    await clinic.joseph.sees("Learned")
    await clinic.amina.sends("scooter parking?")
    await clinic.amina.sees("Behind the <house>, free.")
    await _another_process_knows_it(clinic)
    await clinic.joseph.sends("/faqtaught")
    await clinic.joseph.presses("1", on="What I was taught")
    await clinic.joseph.sees("பின்புறம்")
    await clinic.joseph.presses("Take it back")
    await clinic.joseph.sees("Taken back")
    await clinic.amina.sends("scooter parking?")
    await clinic.amina.sees("do not know that")


async def _another_process_knows_it(clinic: Clinic) -> None:
    """A new process or another worker uses the entry, and emergencies still come first."""
    async with clinic.app.services.sessions() as session:
        faq = await FaqCache(load()).faq(session)
    assert faq.answer(PARKING).text == "Behind the <house>, free."
    assert faq.answer("பார்க்கிங்", "ta").text == "பின்புறம்"
    assert faq.answer("I cannot breathe in the parking").emergency


@pytest.mark.slow
def test_what_speaks_against_a_phrase_is_found_before_it_is_saved(engines: Engines) -> None:
    def doubts(topic: str, phrase: str) -> set[ObjectionKind]:
        return {one.kind for one in find_objections(engines.faq, topic, [LearnedPhrase(topic, "en", phrase)])}

    assert doubts("report", "I cannot breathe") == {ObjectionKind.EMERGENCY}
    assert doubts("report", "what to do if I faint") == {ObjectionKind.EMERGENCY}
    assert doubts("report", "is it of the") == {ObjectionKind.NOTHING}
    assert ObjectionKind.COLLIDES in doubts("report", "how do I upload a picture")
    assert doubts("report", "where is my film result") == set()


@pytest.mark.slow
def test_a_phrase_that_would_swallow_known_questions_is_named(engines: Engines) -> None:
    tune = [one.text for one in read_questions("tune") if one.right == {"upload"}][:40]
    found = find_objections(engines.faq, "password", [LearnedPhrase("password", "en", text) for text in tune])
    assert ObjectionKind.LOSES in {one.kind for one in found}


def test_an_emergency_cannot_be_taught_away(engines: Engines) -> None:
    taught = engines.faq.learn([LearnedPhrase("greeting", "en", "I cannot breathe")])
    assert taught.answer("I cannot breathe").emergency
    assert not engines.faq.answer("hello").emergency


async def test_misses_do_not_grow_for_ever(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "MAX_ROWS", 3)
    kept = {"odd", "words", "something", "quite", "new", *(letter * 5 for letter in "abcdef")}
    async with sessions.begin() as session:
        for day, letter in enumerate("aabcdef"):
            at = NOW + timedelta(days=day)
            await unanswered.record_question(session, UnansweredQuestion(f"odd {letter * 5} words", "en", ()), kept, at)
    async with sessions.begin() as session:
        assert sorted(one.text for one in await session.scalars(select(MissedQuestion))) == [
            f"odd {one * 5} words" for one in "aef"
        ]
        later = NOW + RETENTION + timedelta(days=10)
        await unanswered.record_question(session, UnansweredQuestion("something quite new", "en", ()), kept, later)
        assert [one.text for one in await session.scalars(select(MissedQuestion))] == ["something quite new"]
    async with sessions() as session:
        staff = await a_staff(session)
        found, total = await unanswered.most_frequent(session, staff.administrator, 0, 5)
        assert (len(found), total) == (1, 1)
        with pytest.raises(NotAllowed):
            await unanswered.most_frequent(session, staff.doctor, 0, 5)
