"""A repeated update and a second tap change nothing."""

import asyncio
from datetime import UTC, datetime

from aiogram.types import Chat, Message, Update, User
from sqlalchemy import select, text

from bot.dev.sandbox import Person
from handlers.ui.keyboards import CardAction
from models.tables.codes import Code
from models.tables.scans import Reading, Report, Scan, ScanEvent, Status
from tests.support.jobs import count, settles
from tests.support.people import FINDINGS, House
from tests.support.steps import a_scan, button, says
from workflow.accounts import codes


async def test_every_update_of_the_main_job_may_come_twice(house: House) -> None:
    """Telegram repeats each message and each press of the whole story: one scan, one of each event, one report."""
    await house.clinic.fault("duplicate_update", times=200)
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await settles(house)
    await house.clinic.no_faults()

    async with house.app.clinic.sessions() as session:
        scan = await session.get_one(Scan, 1)
        assert scan.reading is not None
        assert (scan.reading.findings, scan.reading.impression, scan.reading.recommendations) == FINDINGS
    assert scan.status is Status.REPORT_READY
    assert [await count(house, table) for table in (Scan, Report, Code)] == [1, 1, 1]
    assert await count(house, ScanEvent) == 10, "upload, ask, analysed, findings, verify, prescribe, complete, code, …"
    assert len([message for message in await house.amina.messages() if message.document]) == 1
    assert len(await house.clinic.mails("amina@example.org")) == 1


async def test_a_repeated_answer_is_answered_again_with_the_question_that_is_open(house: House) -> None:
    """Whoever heard nothing, because the bot was killed before it spoke, hears now what is asked of him."""
    ravi = await house.clinic.person("Ravi")
    await ravi.sends("/register")
    await ravi.sees("full name")
    update = _typed(ravi, "Ravi Kumar")
    for _ in range(2):
        await house.app.dispatcher.feed_update(house.app.clinic.bot, update)
    await ravi.sees("I have that already")
    asked = [message for message in await ravi.messages() if "What is your email address" in message.text]
    assert len(asked) == 2


async def test_words_and_draft_are_kept_together_or_not_at_all(house: House) -> None:
    """The database fails under the last of the findings: Telegram's repetition has the whole effect."""
    await a_scan(house, Status.AI_ANALYZED)
    await house.rao.presses("Write findings")
    await house.rao.sees("Findings")
    for words in FINDINGS[:-1]:
        await house.rao.sends(words)
        await house.rao.sees("")
    update = _typed(house.rao, FINDINGS[-1])
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(text("CREATE TRIGGER full BEFORE INSERT ON readings BEGIN SELECT RAISE(ABORT, ''); END"))
    await house.app.dispatcher.feed_update(house.app.clinic.bot, update)
    await house.rao.sees("Something went wrong")
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(text("DROP TRIGGER full"))
    await house.app.dispatcher.feed_update(house.app.clinic.bot, update)
    await house.rao.sees("Written down")
    async with house.app.clinic.sessions() as session:
        [reading] = await session.scalars(select(Reading))
    assert (reading.findings, reading.impression, reading.recommendations) == FINDINGS


def _typed(person: Person, words: str) -> Update:
    """An update as Telegram would send it, to be fed twice."""
    chat = Chat(id=person.chat_id, type="private")
    sender = User(id=person.chat_id, is_bot=False, first_name=person.name)
    message = Message(message_id=10**6, date=datetime.now(UTC), chat=chat, from_user=sender, text=words)
    return Update(update_id=10**9, message=message)


async def test_two_quick_taps_have_one_effect(house: House) -> None:
    """Analyse, Verify, Complete, Approve pressed twice at once, and a code typed twice: the second hears so."""
    await house.uploads()
    await house.rao.sees("Scan #1")
    assert await _taps(house, house.rao, CardAction.ANALYSE) in ANALYSED_ONCE
    await house.rao.sees("replaces none")
    await house.writes_findings()
    assert await _taps(house, house.rao, CardAction.VERIFY) == {"reading.verified", "error.stale"}
    await house.meena.presses("Prescribe")
    await house.meena.presses("Fever, pain")
    await house.meena.sees("Written down")
    assert await _taps(house, house.meena, CardAction.COMPLETE) == {"prescribe.completed", "error.stale"}
    await house.joseph.sees("Scan #1")
    assert await _taps(house, house.joseph, CardAction.APPROVE) == {"", TOO_SOON}
    assert await count(house, Code) == 1


async def test_an_album_sent_in_one_go_opens_a_scan_for_each_picture_and_asks_once(house: House) -> None:
    """Three pictures at once are three scans with the same complaint."""
    await house.amina.sends_album([house.picture] * 3)
    await house.amina.sees("What troubles you")
    await house.amina.sends("Cough")
    await house.amina.sees("Since when")
    await settles(house)
    async with house.app.clinic.sessions() as session:
        assert [(await session.get_one(Scan, number)).complaint for number in (1, 2, 3)] == ["Cough"] * 3
    asked = [message for message in await house.amina.messages() if "What troubles you" in message.text]
    assert len(asked) == 1


async def _taps(house: House, person: Person, action: CardAction) -> set[str]:
    """Press twice without waiting; the keys of the two answers."""
    data = await button(house, action, 1)
    answers = await asyncio.gather(person.forges(data), person.forges(data))
    assert all(answer.answered for answer in answers)
    known = {says(house, key): key for key in ANSWERS} | {says(house, TOO_SOON, wait=codes.PAUSE): TOO_SOON}
    said = [answer.text or "" for answer in answers]
    return {known.get(words, words) for words in said}


TOO_SOON = "error.code_too_soon"
ANSWERS = ("analysis.asked", "reading.verified", "prescribe.completed", "error.analysis_running", "error.stale")
ANALYSED_ONCE = [{"analysis.asked", late} for late in ("error.analysis_running", "error.stale")]
