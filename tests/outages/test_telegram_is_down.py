"""Telegram is away, busy or refuses: what was owed arrives later, once."""

from datetime import UTC, datetime, timedelta

import pytest
from aiogram.exceptions import TelegramServerError

from bot.jobs.notify import tell
from models.tables.scans import Scan
from tests.support.jobs import comes_due, count, forgets_that_it_was_done, open_jobs, settles, waits
from tests.support.people import House


@pytest.mark.parametrize("trouble", ["500", "drop"])
async def test_a_report_waits_until_telegram_is_back(house: House, trouble: str) -> None:
    """Three failed tries, each counted and put off for longer; then one document, and the mail went on its own way."""
    await house.clinic.fault(trouble, "sendDocument", times=3)
    await house.until("released")
    waited = []
    for attempt in (1, 2, 3):
        job = await waits(house, "send_report", attempt)
        waited.append(job.run_at - datetime.now(UTC))
        await comes_due(house)
    assert waited[2] > waited[0] > timedelta(0)
    await house.amina.receives_document()
    await settles(house)
    assert await _documents(house) == 1
    assert len(await house.clinic.mails("amina@example.org")) == 1


async def test_a_long_flood_wait_is_obeyed_and_a_short_one_waited_out(house: House) -> None:
    """429 with retry_after 60: not a second earlier. With 1: at once, without a failed job."""
    await house.clinic.fault("429", "sendDocument", seconds=60)
    await house.until("released")
    job = await waits(house, "send_report")
    assert timedelta(seconds=50) < job.run_at - datetime.now(UTC) <= timedelta(seconds=60)
    await house.clinic.fault("429", "sendDocument", seconds=1)
    await comes_due(house)
    await house.amina.receives_document()
    await settles(house)
    assert await _documents(house) == 1
    assert [call["status"] for call in await house.clinic.calls("sendDocument")] == [429, 429, 200]


async def test_a_report_whose_answer_was_lost_is_sent_again_and_never_a_third_time(house: House) -> None:
    """Better twice than never; once the answer has come, a job found again after a crash finds it delivered."""
    await house.clinic.fault("drop_after", "sendDocument")
    await house.until("released")
    await waits(house, "send_report")
    await settles(house)
    await house.amina.receives_document()
    assert await _documents(house) == 2
    await forgets_that_it_was_done(house, "send_report", "mail_report", "deliver")
    await settles(house)
    assert await _documents(house) == 2
    assert len(await house.clinic.mails("amina@example.org")) == 1


async def test_a_picture_is_not_lost_when_telegram_fails_while_it_is_fetched(house: House) -> None:
    """The update is asked for again until the picture is in: the patient need not know, and sends nothing twice."""
    await house.clinic.fault("500", "getFile", times=2)
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("What troubles you", timeout=30)
    assert await count(house, Scan) == 1
    assert len(list(house.app.clinic.vault.root.rglob("*-*"))) == 2
    await house.amina.does_not_see("went wrong", within=0.2)


async def test_updates_of_a_time_without_connection_are_taken_up_afterwards(house: House) -> None:
    """Polls that fail are repeated after a pause; what was sent meanwhile has its effect once."""
    await house.clinic.fault("drop", "getUpdates", times=2)
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("What troubles you", timeout=30)
    await settles(house)
    assert await count(house, Scan) == 1


async def test_a_patient_who_blocked_the_bot_gets_the_mail_and_the_administrators_hear_of_it(house: House) -> None:
    """Refused for good is not tried again; after unblocking, /report brings it."""
    await house.until("completed")
    await house.amina.blocks()
    await house.releases()
    await house.joseph.sees("could not be delivered (chat:", timeout=30)
    await house.clinic.mail_to("amina@example.org", "attached")
    await settles(house)
    assert await open_jobs(house.app.clinic.sessions) == []
    told = [message for message in await house.joseph.messages() if "could not be delivered" in message.text]
    assert len(told) == 1
    await house.amina.unblocks()
    await house.amina.sends("/report")
    await house.amina.receives_document()


async def _documents(house: House) -> int:
    return len([message for message in await house.amina.messages() if message.document])


async def test_a_nudge_that_an_outage_held_up_is_sent_when_its_job_comes_again(house: House) -> None:
    nudge = (house.app.clinic, [house.amina.chat_id], "a nudge", "authenticator.reset")
    await house.clinic.fault("500", "sendMessage")
    with pytest.raises(TelegramServerError):
        await tell(*nudge)
    assert await tell(*nudge) == 1
    assert await tell(*nudge) == 0
