"""Talking to a person of the staff, and what happens when somebody cries for help."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.app import Engines
from bot.dev.sandbox import Person
from models.tables.audit import AuditRow
from models.tables.desk import Ticket, TicketState
from models.tables.jobs import Job
from models.tables.scans import Scan
from tests.support.jobs import forgets_that_it_was_done, settles
from tests.support.people import House, open_house
from workflow.desk.tickets import DeskHours

INDIA = ZoneInfo("Asia/Kolkata")
WISH = "I want to talk to a human"


async def test_a_patient_and_a_pharmacist_talk_until_it_is_closed(house: House) -> None:
    await house.amina.sends(WISH)
    await house.amina.sees("called somebody")
    await house.amina.sends("Can my daughter fetch the film?")
    await house.amina.sees("Passed on")
    await house.meena.presses("I take it", on="would like to talk to a person")
    assert "my daughter" in (await house.meena.sees("#1 · since")).text
    await house.amina.sees("Meena")
    await house.meena.presses("Reply")
    await house.meena.sees("Type your answer")
    await house.meena.sends("Yes, with her own <passport>.")
    await house.meena.sees("On its way")
    assert "with her own <passport>." in (await house.amina.sees("Yes, ")).text
    await house.amina.sends("Thank you so much")
    assert "Reply" in " ".join((await house.meena.sees("Thank you so much")).buttons)
    await house.meena.presses("Close", on="Thank you so much")
    await house.amina.sees("has ended the conversation")
    await house.amina.sends("which file formats are allowed")
    await house.amina.sees("JPG")
    assert (await _ticket(house)).state is TicketState.CLOSED
    async with house.app.clinic.sessions() as session:
        acts = (await session.scalars(select(AuditRow.act).where(AuditRow.object_kind == "ticket"))).all()
    assert acts == ["claim", "reply", "close"], "what was written stands nowhere in it"


@pytest.mark.parametrize("wish", ["ஒருவரிடம் பேசணும், யாராவது ஆள் இருக்காங்களா", "kisi insaan se baat karni hai", "/human"])
async def test_a_stranger_may_ask_in_any_language_and_no_word_gets_lost_in_a_repeated_job(
    house: House, wish: str
) -> None:
    stranger = await house.clinic.person("Nobody At All")
    await stranger.sends(wish)
    await stranger.sees("112")
    await stranger.sends("hello there")
    await stranger.sees("📨")
    await house.rao.sees("Somebody without an account")
    await house.rao.presses("I take it")
    await house.rao.sees("hello there")
    await house.rao.presses("Reply")
    await house.rao.sees("Type your answer")
    await house.rao.sends("We open at eight.")
    await stranger.sees("We open at eight.")
    await settles(house)
    await forgets_that_it_was_done(house, "carry_words", "call_staff", "tell_turn")
    await settles(house)
    said = [message for message in await stranger.messages() if "We open at eight." in message.text]
    assert len(said) == 1


async def test_of_two_who_take_it_the_second_hears_who_was_first(house: House) -> None:
    await house.amina.sends(WISH)
    for who in (house.rao, house.meena):
        await who.sees("would like to talk to a person")
    await house.rao.presses("I take it")
    await house.rao.sees("#1 · since")
    answer = await house.meena.presses("I take it")
    assert "Rao" in answer.text
    assert (await house.meena.forges("t:reply:1")).text == answer.text
    assert (await house.meena.forges("t:close:1")).text == answer.text
    assert (await _ticket(house)).state is TicketState.CLAIMED


async def test_the_one_who_asked_may_end_it_and_a_new_wish_opens_a_new_one(house: House) -> None:
    await house.amina.sends(WISH)
    await house.rao.sees("would like to talk to a person")
    await house.amina.presses("End the conversation")
    await house.amina.sees("Ended")
    await settles(house)
    stale = await house.rao.presses("I take it")
    assert stale.text
    await house.amina.sends("/human")
    await house.amina.sees("called somebody")
    async with house.app.clinic.sessions() as session:
        states = (await session.scalars(select(Ticket.state).order_by(Ticket.id))).all()
    assert states == [TicketState.CLOSED, TicketState.OPEN]


async def test_a_chat_that_signs_out_ends_its_conversation(house: House) -> None:
    """Whoever holds the phone next is not taken for the one who asked, and does not read the answer."""
    await house.amina.sends(WISH)
    await house.rao.presses("I take it", on="would like to talk to a person")
    await house.amina.sees("Rao")
    await _separates(house.amina)
    await house.rao.sees("needs no answer any more")
    await house.rao.forges("t:reply:1")
    await house.rao.does_not_see("Type your answer")
    await house.amina.sends("which file formats are allowed")
    await house.amina.sees("JPG")
    assert (await _ticket(house)).state is TicketState.CLOSED


async def test_who_signs_out_of_the_last_chat_gives_the_conversation_back(house: House) -> None:
    await house.amina.sends(WISH)
    await house.rao.presses("I take it", on="would like to talk to a person")
    await house.amina.sees("Rao")
    await _separates(house.rao)
    await settles(house)
    await house.meena.presses("I take it")
    await house.amina.sees("Meena")


async def _separates(who: Person) -> None:
    await who.sends("/unlink")
    await who.presses("Yes, separate")
    await who.sees("is separated from your account")


async def test_a_cry_is_answered_at_once_recorded_and_told_to_everybody_of_the_staff(house: House) -> None:
    """Even in the night; the record knows who and when and holds no word of it."""
    await house.amina.sends("I cannot breathe and my lips are blue")
    await house.amina.sees("112")
    for who in (house.rao, house.meena, house.joseph):
        assert "my lips are blue" in (await who.sees("🆘")).text
    async with house.app.clinic.sessions() as session:
        row = await session.scalar(select(AuditRow).where(AuditRow.act == "emergency"))
        jobs = (await session.scalars(select(Job).where(Job.kind == "call_staff"))).all()
    assert row is not None
    assert row.role == "patient"
    assert "lips" not in str(vars(row))
    assert all("lips" not in str(job.payload) for job in jobs)
    await house.amina.sends("which file formats are allowed")
    await house.amina.sees("JPG")
    await house.rao.presses("I take it")
    await house.amina.sees("Rao")
    await house.amina.sends("I sit up now")
    await house.rao.sees("I sit up now")


async def test_a_cry_below_a_picture_is_told_with_it(house: House) -> None:
    await house.amina.sends_photo(house.picture, caption="I cannot breathe")
    await house.amina.sees("112")
    await house.amina.sees("Scan #")
    assert "I cannot breathe" in (await house.rao.sees("🆘")).text


async def test_a_cry_below_what_is_no_picture_is_told_all_the_same(house: House) -> None:
    await house.amina.sends_file(b"no picture", "scan.txt", "text/plain", caption="please help, chest pain now")
    await house.amina.sees("112")
    assert "chest pain now" in (await house.joseph.sees("🆘")).text


async def test_a_cry_below_a_picture_that_cannot_be_fetched_is_told_all_the_same(house: House) -> None:
    await house.clinic.fault("403", "getFile")
    await house.amina.sends_photo(house.picture, caption="I cannot breathe")
    await house.amina.sees("went wrong on our side")
    assert "I cannot breathe" in (await house.rao.sees("🆘")).text


@pytest.mark.parametrize(("command", "question"), [("/register", "What is your full name"), ("/link", "Which email")])
async def test_a_cry_typed_into_a_form_is_heard_and_the_form_waits(house: House, command: str, question: str) -> None:
    stranger = await house.clinic.person("Nobody At All")
    await stranger.sends(command)
    await stranger.sees(question)
    await stranger.sends("I cannot breathe, help")
    await stranger.sees("112")
    await stranger.sees(question)
    assert "I cannot breathe" in (await house.rao.sees("🆘")).text


async def test_outside_its_hours_the_desk_says_when_somebody_hears_of_it(engines: Engines) -> None:
    tomorrow = datetime.now(INDIA).weekday() + 1
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[tomorrow % 7]
    async with open_house(engines, desk_days=day) as house:
        await house.amina.sends(WISH)
        await house.amina.sees("Nobody is at the desk now")
        await house.rao.does_not_see("would like to talk")
        await house.amina.sends("I am having chest pain now, please help")
        await house.rao.sees("🆘")


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02T10:00", "2026-03-02T10:00"),  # Monday, open
        ("2026-03-02T07:59", "2026-03-02T08:00"),
        ("2026-03-02T20:00", "2026-03-03T08:00"),
        ("2026-03-06T21:00", "2026-03-09T08:00"),  # Friday evening to Monday
    ],
)
def test_the_desk_opens_by_its_own_clock(now: str, opens: str) -> None:
    hours = DeskHours.read("08:00-20:00", "mon tue wed thu fri", INDIA)
    at = datetime.fromisoformat(now).replace(tzinfo=INDIA).astimezone(UTC)
    assert hours.next_open(at) == datetime.fromisoformat(opens).replace(tzinfo=INDIA)


@pytest.mark.parametrize(("hours", "days"), [("20:00-08:00", "mon"), ("8-20", "mon"), ("08:00-20:00", "someday")])
def test_impossible_hours_are_no_hours(hours: str, days: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        DeskHours.read(hours, days, INDIA)


async def _ticket(house: House) -> Ticket:
    async with house.app.clinic.sessions() as session:
        return await session.get_one(Ticket, 1)


async def test_a_cry_in_an_open_form_is_heard_and_the_form_goes_on(house: House) -> None:
    """Whoever is asked what troubles them may tell of an emergency: answered at once, told to the staff, and kept."""
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("What troubles you")
    await house.amina.sends("I cannot breathe and my lips are blue")
    await house.amina.sees("112")
    await house.amina.sees("Since when")
    assert "my lips are blue" in (await house.rao.sees("🆘")).text
    await house.amina.sends("since an hour")
    async with house.app.clinic.sessions() as session:
        [scan] = (await session.scalars(select(Scan))).all()
    assert scan.complaint == "I cannot breathe and my lips are blue"
    await house.meena.does_not_see("since an hour", within=0.3)
