"""Words that may be an emergency or an ordinary complaint: one question, and what its answers do."""

import pytest
from sqlalchemy import select

from models.tables.audit import AuditRow
from models.tables.desk import Ticket, UrgencyQuestion
from tests.support.jobs import comes_due, count, forgets_that_it_was_done, settles
from tests.support.people import Clinic

MAYBE = "chest pain when coughing since three days"
ALARM = "words of an emergency"
QUESTION = "Is it bad right now?"


async def test_yes_rings_everybody(clinic: Clinic) -> None:
    await clinic.amina.sends(MAYBE)
    assert "14416" not in (await clinic.amina.sees("112")).text, "the line about suicide is for suicidal words"
    await clinic.amina.sees(QUESTION)
    await clinic.rao.does_not_see(ALARM)
    await clinic.amina.presses("Yes, now")
    await clinic.amina.sees("I have told the staff")
    assert MAYBE in (await clinic.rao.sees(ALARM)).text
    await settles(clinic)
    assert await count(clinic, Ticket) == 1


async def test_no_marks_the_open_scan_as_urgent_and_rings_nobody(clinic: Clinic) -> None:
    await clinic.uploads()
    await clinic.amina.sends(MAYBE)
    await clinic.amina.presses("No, for days", on=QUESTION)
    await clinic.amina.sees("Scan #1 is marked as urgent")
    await clinic.rao.sends("/queue")
    await clinic.rao.sees("❗")
    await settles(clinic)
    assert await count(clinic, Ticket) == 0
    assert await _acts(clinic) == ["ask_urgency", "not_now", "mark_urgent"]


async def test_without_a_scan_the_mark_waits_for_the_next_one(clinic: Clinic) -> None:
    await clinic.amina.sends(MAYBE)
    await clinic.amina.presses("No, for days", on=QUESTION)
    await clinic.amina.sees("The next scan")
    await clinic.uploads()
    async with clinic.app.services.sessions() as session:
        [question] = await session.scalars(select(UrgencyQuestion))
    assert (question.bad_now, question.scan_id) == (False, 1)


async def test_no_answer_counts_as_yes_once_even_if_the_job_runs_again(clinic: Clinic) -> None:
    await clinic.amina.sends(MAYBE)
    await clinic.amina.sees(QUESTION)
    await comes_due(clinic)
    assert MAYBE in (await clinic.rao.sees(ALARM)).text
    await clinic.amina.sees("You did not answer")
    await settles(clinic)
    await forgets_that_it_was_done(clinic, "report_unanswered")
    await settles(clinic)
    assert len([one for one in await clinic.rao.messages() if ALARM in one.text]) == 1
    assert len([one for one in await clinic.amina.messages() if "You did not answer" in one.text]) == 1


@pytest.mark.parametrize("field", ["caption", "complaint"])
async def test_a_complaint_is_kept_and_asked_about(clinic: Clinic, field: str) -> None:
    """The same words below a picture or in the form; both are the doctor's to read."""
    await clinic.amina.sends_photo(clinic.picture, caption="breathless on stairs" if field == "caption" else "")
    if field == "complaint":
        await clinic.amina.sees("What troubles you")
        await clinic.amina.sends("breathless on stairs")
    await clinic.amina.sees(QUESTION)
    await clinic.amina.sees("Since when")
    await clinic.amina.presses("No, for days", on=QUESTION)
    await clinic.amina.sees("Scan #1 is marked as urgent")


async def test_a_stranger_is_asked_in_the_language_of_the_words(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends("तीन महीने से सीढ़ियों पर साँस फूलती है")
    await stranger.sees("क्या अभी हालत ख़राब है?")
    await stranger.presses("हाँ, अभी")
    await clinic.rao.sees(ALARM)


async def test_words_in_a_conversation_reach_it_beside_the_question(clinic: Clinic) -> None:
    await clinic.amina.sends("/human")
    await clinic.rao.presses("I take it", on="would like to talk to a person")
    await clinic.amina.sees("Rao")
    await clinic.amina.sends(MAYBE)
    await clinic.amina.sees(QUESTION)
    await clinic.rao.sees(MAYBE)


async def _acts(clinic: Clinic) -> list[str]:
    wanted = ("ask_urgency", "not_now", "mark_urgent", "emergency")
    async with clinic.app.services.sessions() as session:
        return list(await session.scalars(select(AuditRow.act).where(AuditRow.act.in_(wanted)).order_by(AuditRow.seq)))
