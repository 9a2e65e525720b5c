"""Telegram is away, busy or refuses: each message arrives later, once."""

from datetime import UTC, datetime, timedelta

import pytest
from aiogram.exceptions import TelegramServerError

from bot.jobs.notify import notify
from models.tables.scans import Scan
from tests.support.jobs import comes_due, count, forgets_that_it_was_done, open_jobs, settles, waits
from tests.support.people import Clinic

pytestmark = pytest.mark.slow  # real back-off


@pytest.mark.parametrize("trouble", ["500", "drop"])
async def test_a_report_waits_until_telegram_is_back(clinic: Clinic, trouble: str) -> None:
    """Three failed tries, each counted and with a longer back-off; then one document, and the mail was not delayed."""
    await clinic.telegram.fault(trouble, "sendDocument", times=3)
    await clinic.plays("released")
    waited = []
    for attempt in (1, 2, 3):
        job = await waits(clinic, "send_report", attempt)
        waited.append(job.run_at - datetime.now(UTC))
        await comes_due(clinic)
    assert waited[2] > waited[0] > timedelta(0)
    await clinic.amina.receives_document()
    await settles(clinic)
    assert await _documents(clinic) == 1
    assert len(await clinic.telegram.mails("amina@example.org")) == 1


async def test_a_long_flood_wait_is_obeyed_and_a_short_one_waited_out(clinic: Clinic) -> None:
    """429 with retry_after 60: not a second earlier. With 1: at once, without a failed job."""
    await clinic.telegram.fault("429", "sendDocument", seconds=60)
    await clinic.plays("released")
    job = await waits(clinic, "send_report")
    assert timedelta(seconds=50) < job.run_at - datetime.now(UTC) <= timedelta(seconds=60)
    await clinic.telegram.fault("429", "sendDocument", seconds=1)
    await comes_due(clinic)
    await clinic.amina.receives_document()
    await settles(clinic)
    assert await _documents(clinic) == 1
    assert [call["status"] for call in await clinic.telegram.calls("sendDocument")] == [429, 429, 200]


async def test_a_report_whose_answer_was_lost_is_sent_again_and_never_a_third_time(clinic: Clinic) -> None:
    """At least once: when the answer has come, a job found again after a crash finds it delivered."""
    await clinic.telegram.fault("drop_after", "sendDocument")
    await clinic.plays("released")
    await waits(clinic, "send_report")
    await settles(clinic)
    await clinic.amina.receives_document()
    assert await _documents(clinic) == 2
    await forgets_that_it_was_done(clinic, "send_report", "mail_report", "deliver")
    await settles(clinic)
    assert await _documents(clinic) == 2
    assert len(await clinic.telegram.mails("amina@example.org")) == 1


async def test_a_picture_is_not_lost_when_telegram_fails_while_it_is_fetched(clinic: Clinic) -> None:
    """The update is polled again until the picture is stored; the patient notices nothing and sends nothing twice."""
    await clinic.telegram.fault("500", "getFile", times=2)
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you", timeout=30)
    assert await count(clinic, Scan) == 1
    assert len(list(clinic.app.services.vault.store.root.rglob("*-*"))) == 2
    await clinic.amina.does_not_see("went wrong", within=0.2)


async def test_updates_of_a_time_without_connection_are_taken_up_afterwards(clinic: Clinic) -> None:
    """Failed polls are repeated after a pause; messages sent meanwhile have their effect once."""
    await clinic.telegram.fault("drop", "getUpdates", times=2)
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you", timeout=30)
    await settles(clinic)
    assert await count(clinic, Scan) == 1


async def test_a_patient_who_blocked_the_bot_gets_the_mail_and_the_administrators_hear_of_it(clinic: Clinic) -> None:
    """A permanent refusal is not retried; after unblocking, /report sends it."""
    await clinic.plays("completed")
    await clinic.amina.blocks()
    await clinic.releases()
    await clinic.joseph.sees("could not be delivered (chat:", timeout=30)
    await clinic.telegram.mail_to("amina@example.org", "attached")
    await settles(clinic)
    assert await open_jobs(clinic.app.services.sessions) == []
    notices = [message for message in await clinic.joseph.messages() if "could not be delivered" in message.text]
    assert len(notices) == 1
    await clinic.amina.unblocks()
    await clinic.amina.sends("/report")
    await clinic.amina.receives_document()


async def _documents(clinic: Clinic) -> int:
    return len([message for message in await clinic.amina.messages() if message.document])


async def test_a_nudge_that_an_outage_held_up_is_sent_when_its_job_comes_again(clinic: Clinic) -> None:
    nudge = (clinic.app.services, [clinic.amina.chat_id], "a nudge", "authenticator.reset")
    await clinic.telegram.fault("500", "sendMessage")
    with pytest.raises(TelegramServerError):
        await notify(*nudge)
    assert await notify(*nudge) == 1
    assert await notify(*nudge) == 0
