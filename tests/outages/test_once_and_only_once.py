"""A repeated update and a second tap change nothing."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiogram.types import CallbackQuery, Chat, Message, Update, User
from sqlalchemy import select, text

from bot.dev.sandbox import Person
from handlers.ui.callbacks import CardAction
from models.tables.codes import Code
from models.tables.scans import Reading, Report, Scan, ScanEvent
from models.vocabulary import ScanStatus
from tests.support.account_steps import asks_for_the_name
from tests.support.jobs import count, settles
from tests.support.people import FINDINGS, Clinic
from tests.support.steps import a_scan, button, sentence_for
from workflow.accounts import codes


@pytest.mark.slow
async def test_every_update_of_the_main_job_may_come_twice(clinic: Clinic) -> None:
    """Telegram repeats each message and each press of the whole story: one scan, one of each event, one report."""
    await clinic.telegram.fault("duplicate_update", times=200)
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await settles(clinic)
    await clinic.telegram.no_faults()

    async with clinic.app.services.sessions() as session:
        scan = await session.get_one(Scan, 1)
        assert scan.reading is not None
        assert (scan.reading.findings, scan.reading.impression, scan.reading.recommendations) == FINDINGS
    assert scan.status is ScanStatus.REPORT_READY
    assert [await count(clinic, table) for table in (Scan, Report, Code)] == [1, 1, 1]
    assert await count(clinic, ScanEvent) == 10, "upload, ask, analysed, findings, verify, prescribe, complete, code, …"
    assert len([message for message in await clinic.amina.messages() if message.document]) == 1
    assert len(await clinic.telegram.mails("amina@example.org")) == 1


async def test_a_repeated_answer_is_answered_again_with_the_question_that_is_open(clinic: Clinic) -> None:
    """The bot was killed before it answered: the redelivered update gets the open question."""
    ravi = await clinic.telegram.person("Ravi")
    await asks_for_the_name(ravi)
    update = _typed(ravi, "Ravi Kumar")
    for _ in range(2):
        await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await ravi.sees("I have that already")
    questions = [message for message in await ravi.messages() if "What is your email address" in message.text]
    assert len(questions) == 2


async def test_words_and_draft_are_kept_together_or_not_at_all(clinic: Clinic) -> None:
    """The database fails at the last of the findings: the redelivered update has the whole effect."""
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.sees("Findings")
    for words in FINDINGS[:-1]:
        await clinic.rao.sends(words)
        await clinic.rao.sees("")
    update = _typed(clinic.rao, FINDINGS[-1])
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(text("CREATE TRIGGER full BEFORE INSERT ON readings BEGIN SELECT RAISE(ABORT, ''); END"))
    await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await clinic.rao.sees("Something went wrong")
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(text("DROP TRIGGER full"))
    await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await clinic.rao.sees("Written down")
    async with clinic.app.services.sessions() as session:
        [reading] = await session.scalars(select(Reading))
    assert (reading.findings, reading.impression, reading.recommendations) == FINDINGS


def _pressed(person: Person, data: str) -> Update:
    """A button that was pressed so long ago that Telegram takes no answer to it."""
    chat = Chat(id=person.chat_id, type="private")
    sender = User(id=person.chat_id, is_bot=False, first_name=person.name)
    under = Message(message_id=1, date=datetime.now(UTC), chat=chat, text="A card")
    query = CallbackQuery(id="1", from_user=sender, chat_instance="1", message=under, data=data)
    return Update(update_id=10**9, callback_query=query)


def _typed(person: Person, words: str) -> Update:
    """An update as Telegram would send it, to be posted twice."""
    chat = Chat(id=person.chat_id, type="private")
    sender = User(id=person.chat_id, is_bot=False, first_name=person.name)
    message = Message(message_id=10**6, date=datetime.now(UTC), chat=chat, from_user=sender, text=words)
    return Update(update_id=10**9, message=message)


async def test_a_button_pressed_before_a_long_restart_has_its_effect_and_its_words(clinic: Clinic) -> None:
    """Telegram takes no answer to a button any more: nobody is told that it failed, neither now nor when it repeats."""
    await a_scan(clinic, ScanStatus.PENDING_AI)
    update = _pressed(clinic.rao, await button(clinic, CardAction.ANALYSE, 1))
    await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await clinic.rao.sees("Analysing")
    await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
    await clinic.rao.sees("I have that already")
    await clinic.rao.does_not_see("went wrong")
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        assert (await session.get_one(Scan, 1)).status is ScanStatus.AI_ANALYZED


@pytest.mark.parametrize(
    ("stage", "reader", "action", "asked"),
    [
        (ScanStatus.AI_ANALYZED, "rao", CardAction.WRITE_FINDINGS, "Findings: what"),
        (ScanStatus.AI_ANALYZED, "rao", CardAction.BETTER_PICTURE, "need a better picture"),
        (ScanStatus.DOCTOR_VERIFIED, "meena", CardAction.PRESCRIBE, "Prescription for scan #1"),
        (ScanStatus.DOCTOR_VERIFIED, "meena", CardAction.ASK_DOCTOR, "type your question"),
        (ScanStatus.DOCTOR_VERIFIED, "meena", CardAction.ASK_PATIENT, "choose a question"),
        (ScanStatus.PHARMACIST_COMPLETED, "joseph", CardAction.REJECT, "need a better picture"),
    ],
)
async def test_a_form_whose_question_was_lost_in_an_outage_asks_it_again(
    clinic: Clinic, stage: ScanStatus, reader: str, action: CardAction, asked: str
) -> None:
    """The button's effect was kept, its question did not arrive: the redelivered update brings it, as it was."""
    await a_scan(clinic, stage)
    person: Person = getattr(clinic, reader)
    update = _pressed(person, await button(clinic, action, 1))
    questions = []
    for _ in range(2):
        await person.looks_away()
        await clinic.app.dispatcher.feed_update(clinic.app.services.bot, update)
        questions.append(await person.sees(asked))
    assert questions[0].text == questions[1].text
    assert questions[0].keys == questions[1].keys


@pytest.mark.slow
async def test_two_quick_taps_have_one_effect(clinic: Clinic) -> None:
    """Analyse, Verify, Complete, Approve pressed twice at once, and a code typed twice: the second is refused."""
    await clinic.uploads()
    await clinic.rao.sees("Scan #1")
    assert await _taps(clinic, clinic.rao, CardAction.ANALYSE) in ANALYSED_ONCE
    await clinic.rao.sees("replaces none")
    await clinic.writes_findings()
    assert await _taps(clinic, clinic.rao, CardAction.VERIFY) == {"reading.verified", "error.stale"}
    await clinic.meena.presses("Prescribe")
    await clinic.meena.presses("Fever, pain")
    await clinic.meena.sees("Written down")
    assert await _taps(clinic, clinic.meena, CardAction.COMPLETE) == {"prescribe.completed", "error.stale"}
    await clinic.joseph.sees("Scan #1")
    assert await _taps(clinic, clinic.joseph, CardAction.APPROVE) == {"", TOO_SOON}
    assert await count(clinic, Code) == 1


@pytest.mark.slow
async def test_an_album_sent_in_one_go_opens_a_scan_for_each_picture_and_asks_once(clinic: Clinic) -> None:
    """Three pictures at once are three scans with the same complaint."""
    await clinic.amina.sends_album([clinic.picture] * 3)
    await clinic.amina.sees("What troubles you")
    await clinic.amina.sends("Cough")
    await clinic.amina.sees("Since when")
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        assert [(await session.get_one(Scan, number)).complaint for number in (1, 2, 3)] == ["Cough"] * 3
    questions = [message for message in await clinic.amina.messages() if "What troubles you" in message.text]
    assert len(questions) == 1


async def _taps(clinic: Clinic, person: Person, action: CardAction) -> set[str]:
    """Press twice without waiting; returns the keys of the two answers."""
    data = await button(clinic, action, 1)
    answers = await asyncio.gather(person.forges(data), person.forges(data))
    assert all(answer.answered for answer in answers)
    sentence_keys = {sentence_for(clinic, key): key for key in ANSWERS} | {
        sentence_for(clinic, TOO_SOON, wait=codes.MIN_INTERVAL): TOO_SOON
    }
    replies = [answer.text or "" for answer in answers]
    return {sentence_keys.get(words, words) for words in replies}


TOO_SOON = "error.code_too_soon"
ANSWERS = ("analysis.asked", "reading.verified", "prescribe.completed", "error.analysis_running", "error.stale")
ANALYSED_ONCE = [{"analysis.asked", late} for late in ("error.analysis_running", "error.stale")]
