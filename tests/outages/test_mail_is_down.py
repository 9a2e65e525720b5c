"""The mail server is away, busy or refuses: what was owed arrives later, once."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from models.jobs import Job
from tests.outages.owed import comes_due, settles, waits
from tests.people import CODE, House
from workflow.jobs import OWES


async def test_code_and_report_wait_until_the_mail_server_answers_again(house: House) -> None:
    """Refused connections, then 451: the administrator still gets a working code, the patient one mail."""
    await house.until("completed")
    await house.sandbox.mailbox.stop()
    await house.joseph.presses("Approve")
    await waits(house, "mail_code")
    await house.sandbox.mailbox.start()
    await comes_due(house)
    mail = await house.clinic.mail_to("joseph@example.org")
    house.sandbox.mailbox.fail(2, 451)
    [code] = CODE.findall(mail.text)
    await house.joseph.sends(code)
    await house.joseph.sees("is released")
    for attempt in (1, 2):
        await waits(house, "mail_report", attempt)
        await comes_due(house)
    await house.clinic.mail_to("amina@example.org", "attached")
    await settles(house)
    assert len(await house.clinic.mails("amina@example.org")) == 1
    await house.amina.receives_document()


async def test_a_mail_whose_answer_was_lost_goes_again_as_the_same_mail(house: House) -> None:
    """The server keeps it and answers 451: the second copy has the Message-ID of the first."""
    await house.until("completed")
    code = await house.approves()
    house.sandbox.mailbox.fail(1, 451, after=True)
    await house.joseph.sends(code)
    await waits(house, "mail_report")
    await settles(house)
    copies = await house.clinic.mails("amina@example.org")
    assert len(copies) == 2
    assert len({mail.message_id for mail in copies}) == 1


async def test_an_address_that_is_refused_for_good_is_told_to_the_administrators(house: House) -> None:
    """550: no second try, one sentence to those who can help, and the chat has the report."""
    await house.until("completed")
    code = await house.approves()
    house.sandbox.mailbox.fail(1, 550)
    await house.joseph.sends(code)
    await house.joseph.sees("could not be delivered (email)", timeout=30)
    await house.amina.receives_document(timeout=30)
    await settles(house)
    assert await house.clinic.mails("amina@example.org") == []


@pytest.mark.parametrize("attempts", [60, 500])
async def test_a_server_that_is_away_for_hours_does_not_bring_the_bot_down(house: House, attempts: int) -> None:
    """After many tries the next is minutes away, not centuries, and the bot goes on answering."""
    await house.until("completed")
    await house.sandbox.mailbox.stop()
    await house.joseph.presses("Approve")
    await waits(house, "mail_code")
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(
            update(Job).where(Job.ended_at.is_(None)).values(attempts=attempts, run_at=datetime.now(UTC))
        )
        session.info[OWES] = True
    job = await waits(house, "mail_code", attempts + 1)
    assert 0 < (job.run_at - datetime.now(UTC)).total_seconds() <= 300
    await house.amina.sends("/help")
    await house.amina.sees("How it works")
    await house.sandbox.mailbox.start()
    await comes_due(house)
    await house.clinic.mail_to("joseph@example.org", "release report")
    await settles(house)
