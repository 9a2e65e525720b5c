"""Conversations with the staff, and emergencies."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.app import Engines
from bot.dev.sandbox import Person
from bot.dev.sandbox.client.transcript import Message
from models.tables.audit import AuditRow
from models.tables.desk import Ticket, TicketState
from models.tables.jobs import Job
from models.tables.scans import Scan
from tests.support.jobs import forgets_that_it_was_done, settles
from tests.support.people import Clinic, open_clinic
from workflow.desk.hours import DeskHours

INDIA = ZoneInfo("Asia/Kolkata")
WISH = "I want to talk to a human"


async def test_a_patient_and_a_pharmacist_talk_until_it_is_closed(clinic: Clinic) -> None:
    await clinic.amina.sends(WISH)
    await clinic.amina.sees("called somebody")
    await clinic.amina.sends("Can my daughter fetch the film?")
    await clinic.amina.sees("Passed on")
    await clinic.meena.presses("I take it", on="would like to talk to a person")
    assert "my daughter" in (await clinic.meena.sees("#1 · since")).text
    await clinic.amina.sees("Meena")
    await clinic.meena.sees("Just write")
    await clinic.meena.sends("Yes, with her own <passport>.")
    await clinic.meena.sees("On its way")
    assert "with her own <passport>." in (await clinic.amina.sees("Yes, ")).text
    await clinic.meena.sends("From nine o'clock.")
    await clinic.amina.sees("From nine o'clock.")
    await clinic.amina.sends("Thank you so much")
    assert "Reply" in " ".join((await clinic.meena.sees("Thank you so much")).buttons)
    await clinic.meena.presses("Close", on="Thank you so much")
    await clinic.amina.sees("has ended the conversation")
    await clinic.amina.sends("which file formats are allowed")
    await clinic.amina.sees("JPG")
    assert (await _ticket(clinic)).state is TicketState.CLOSED
    async with clinic.app.services.sessions() as session:
        acts = (await session.scalars(select(AuditRow.act).where(AuditRow.object_kind == "ticket"))).all()
    assert acts == ["claim", "reply", "reply", "close"], "what was written stands nowhere in it"


@pytest.mark.parametrize("wish", ["ஒருவரிடம் பேசணும், யாராவது ஆள் இருக்காங்களா", "kisi insaan se baat karni hai", "/human"])
async def test_a_stranger_may_ask_in_any_language_and_no_word_gets_lost_in_a_repeated_job(
    clinic: Clinic, wish: str
) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends(wish)
    await stranger.sees("112")
    await stranger.sends("hello there")
    await stranger.sees("📨")
    await clinic.rao.sees("Somebody without an account")
    await clinic.rao.presses("I take it")
    await clinic.rao.sees("hello there")
    await clinic.rao.sends("We open at eight.")
    await stranger.sees("We open at eight.")
    await settles(clinic)
    await forgets_that_it_was_done(clinic, "carry_words", "call_staff", "tell_turn")
    await settles(clinic)
    replies = [message for message in await stranger.messages() if "We open at eight." in message.text]
    assert len(replies) == 1


async def test_of_two_who_take_it_the_second_hears_who_was_first(clinic: Clinic) -> None:
    await clinic.amina.sends(WISH)
    for who in (clinic.rao, clinic.meena):
        await who.sees("would like to talk to a person")
    await clinic.rao.presses("I take it")
    await clinic.rao.sees("#1 · since")
    await clinic.meena._wait(_no_claim_button, 10, "a call without a button")
    answer = await clinic.meena.forges("t:claim:1")
    assert "Rao" in answer.text
    assert (await clinic.meena.forges("t:reply:1")).text == answer.text
    assert (await clinic.meena.forges("t:close:1")).text == answer.text
    assert (await _ticket(clinic)).state is TicketState.CLAIMED


def _no_claim_button(messages: Sequence[Message]) -> bool | None:
    calls = [one for one in messages if "would like to talk to a person" in one.text]
    return True if calls and not any(one.key("I take it") for one in calls) else None


async def test_the_one_who_asked_may_end_it_and_a_new_wish_opens_a_new_one(clinic: Clinic) -> None:
    await clinic.amina.sends(WISH)
    await clinic.rao.sees("would like to talk to a person")
    await clinic.amina.presses("End the conversation")
    await clinic.amina.sees("Ended")
    await settles(clinic)
    await clinic.rao._wait(_no_claim_button, 10, "a call without a button")
    assert (await clinic.rao.forges("t:claim:1")).text
    await clinic.amina.sends("/human")
    await clinic.amina.sees("called somebody")
    async with clinic.app.services.sessions() as session:
        states = (await session.scalars(select(Ticket.state).order_by(Ticket.id))).all()
    assert states == [TicketState.CLOSED, TicketState.OPEN]


async def test_a_chat_that_signs_out_ends_its_conversation(clinic: Clinic) -> None:
    """The next user of the phone is not taken for the previous one and cannot read the answer."""
    await clinic.amina.sends(WISH)
    await clinic.rao.presses("I take it", on="would like to talk to a person")
    await clinic.amina.sees("Rao")
    await _separates(clinic.amina)
    await clinic.rao.sees("needs no answer any more")
    await clinic.rao.forges("t:reply:1")
    await clinic.rao.does_not_see("Just write")
    await clinic.amina.sends("which file formats are allowed")
    await clinic.amina.sees("JPG")
    assert (await _ticket(clinic)).state is TicketState.CLOSED


async def test_who_signs_out_of_the_last_chat_gives_the_conversation_back(clinic: Clinic) -> None:
    await clinic.amina.sends(WISH)
    await clinic.rao.presses("I take it", on="would like to talk to a person")
    await clinic.amina.sees("Rao")
    await _separates(clinic.rao)
    await settles(clinic)
    await clinic.meena.presses("I take it")
    await clinic.amina.sees("Meena")


async def _separates(who: Person) -> None:
    await who.sends("/unlink")
    await who.presses("Yes, separate")
    await who.sees("is separated from your account")


async def test_an_emergency_is_answered_at_once_recorded_and_notified_to_all_staff(clinic: Clinic) -> None:
    """Also at night; the audit record holds account and time and none of the typed text."""
    await clinic.amina.sends("I cannot breathe and my lips are blue")
    await clinic.amina.sees("112")
    for who in (clinic.rao, clinic.meena, clinic.joseph):
        assert "my lips are blue" in (await who.sees("🆘")).text
    async with clinic.app.services.sessions() as session:
        row = await session.scalar(select(AuditRow).where(AuditRow.act == "emergency"))
        jobs = (await session.scalars(select(Job).where(Job.kind == "call_staff"))).all()
    assert row is not None
    assert row.role == "patient"
    assert "lips" not in str(vars(row))
    assert all("lips" not in str(job.payload) for job in jobs)
    await clinic.amina.sends("which file formats are allowed")
    await clinic.amina.sees("JPG")
    await clinic.rao.presses("I take it")
    await clinic.amina.sees("Rao")
    await clinic.amina.sends("I sit up now")
    await clinic.rao.sees("I sit up now")


async def test_an_emergency_in_a_caption_is_notified_with_the_picture(clinic: Clinic) -> None:
    await clinic.amina.sends_photo(clinic.picture, caption="I cannot breathe")
    await clinic.amina.sees("112")
    await clinic.amina.sees("Scan #")
    assert "I cannot breathe" in (await clinic.rao.sees("🆘")).text


async def test_an_emergency_in_the_caption_of_another_file_is_notified(clinic: Clinic) -> None:
    await clinic.amina.sends_file(b"no picture", "scan.txt", "text/plain", caption="please help, chest pain now")
    await clinic.amina.sees("112")
    assert "chest pain now" in (await clinic.joseph.sees("🆘")).text


async def test_an_emergency_in_the_caption_of_a_picture_that_cannot_be_fetched_is_notified(clinic: Clinic) -> None:
    await clinic.telegram.fault("403", "getFile")
    await clinic.amina.sends_photo(clinic.picture, caption="I cannot breathe")
    await clinic.amina.sees("went wrong on our side")
    assert "I cannot breathe" in (await clinic.rao.sees("🆘")).text


@pytest.mark.parametrize(("command", "question"), [("/register", "share your telephone"), ("/link", "Which email")])
async def test_an_emergency_typed_into_a_form_is_answered_and_the_form_waits(
    clinic: Clinic, command: str, question: str
) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends(command)
    await stranger.sees(question)
    await stranger.sends("I cannot breathe, help")
    await stranger.sees("112")
    await stranger.sees(question)
    assert "I cannot breathe" in (await clinic.rao.sees("🆘")).text


async def test_outside_its_hours_the_desk_says_when_somebody_hears_of_it(engines: Engines) -> None:
    tomorrow = datetime.now(INDIA).weekday() + 1
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[tomorrow % 7]
    async with open_clinic(engines, desk_days=day) as clinic:
        await clinic.amina.sends(WISH)
        await clinic.amina.sees("Nobody is at the desk now")
        await clinic.rao.does_not_see("would like to talk")
        await clinic.amina.sends("I am having chest pain now, please help")
        await clinic.rao.sees("🆘")


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
    hours = DeskHours.parse("08:00-20:00", "mon tue wed thu fri", INDIA)
    at = datetime.fromisoformat(now).replace(tzinfo=INDIA).astimezone(UTC)
    assert hours.next_open(at) == datetime.fromisoformat(opens).replace(tzinfo=INDIA)


@pytest.mark.parametrize(("hours", "days"), [("20:00-08:00", "mon"), ("8-20", "mon"), ("08:00-20:00", "someday")])
def test_impossible_hours_are_no_hours(hours: str, days: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        DeskHours.parse(hours, days, INDIA)


async def _ticket(clinic: Clinic) -> Ticket:
    async with clinic.app.services.sessions() as session:
        return await session.get_one(Ticket, 1)


async def test_an_emergency_in_an_open_form_is_answered_and_the_form_goes_on(clinic: Clinic) -> None:
    """An emergency typed as the complaint is answered at once, notified to the staff, and kept as the answer."""
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
    await clinic.amina.sends("I cannot breathe and my lips are blue")
    await clinic.amina.sees("112")
    await clinic.amina.sees("Since when")
    assert "my lips are blue" in (await clinic.rao.sees("🆘")).text
    await clinic.amina.sends("since an hour")
    async with clinic.app.services.sessions() as session:
        [scan] = (await session.scalars(select(Scan))).all()
    assert scan.complaint == "I cannot breathe and my lips are blue"
    await clinic.meena.does_not_see("since an hour", within=0.3)
