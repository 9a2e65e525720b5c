"""/desk lists all with totals; a conversation goes on until it is parked; what is typed then goes to nobody."""

from datetime import UTC, datetime

import pytest

from models.tables.desk import Ticket, TicketState
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, sentence_for
from workflow.reporting.release import patient_number


async def test_every_open_conversation_is_listed_in_pages_with_totals_and_who_it_is(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.PENDING_AI)
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        for chat in range(14):
            account = amina.account_id if chat == 13 else None
            facts = {"language": "en", "state": TicketState.OPEN, "opened_at": datetime.now(UTC)}
            session.add(Ticket(chat_id=10_000 + chat, account_id=account, urgent=chat == 13, **facts))
    await clinic.rao.sends("/desk")
    first = await clinic.rao.sees("Open: 14 · emergencies: 1 · nobody has taken: 14")
    assert amina.account_id is not None
    for words in ("🆘 #14", patient_number(amina.account_id), "years", f"scan #{scan}"):
        assert words in first.text
    await clinic.rao.presses("➡️")
    await clinic.rao.sees("#7 ·")
    await clinic.rao.presses("➡️")
    assert "#13 ·" in (await clinic.rao.sees("#12 ·")).text


async def test_what_is_typed_after_parking_goes_to_nobody(clinic: Clinic) -> None:
    await clinic.amina.sends("I want to talk to a human")
    await clinic.rao.presses("I take it", on="would like to talk to a person")
    await clinic.rao.sends("Hello.")
    await clinic.amina.sees("Hello.")
    await clinic.rao.presses("Park", on="On its way")
    await clinic.rao.sees("is parked")
    await clinic.rao.sends("which file formats are allowed")
    await clinic.rao.sees("JPG")
    await clinic.rao.presses("Reply", on="is parked")
    await clinic.rao.sends("Here again.")
    await clinic.amina.sees("Here again.")
    await clinic.amina.does_not_see("which file formats", within=0.2)


@pytest.mark.slow
async def test_a_line_after_the_requester_has_left_is_refused_and_the_next_is_free(clinic: Clinic) -> None:
    await clinic.amina.sends("I want to talk to a human")
    await clinic.rao.presses("I take it", on="would like to talk to a person")
    await clinic.amina.presses("End the conversation")
    await clinic.rao.sees("needs no answer any more")
    await clinic.rao.sends("Are you there?")
    await clinic.rao.sees(sentence_for(clinic, "error.stale")[:20])
    await clinic.rao.sends("which file formats are allowed")
    await clinic.rao.sees("JPG")
