"""The mail server is away, busy or refuses: what was owed arrives later, once."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.channels.bounces import returned
from models.tables.jobs import Job
from tests.support.jobs import comes_due, settles, waits
from tests.support.people import CODE, House
from tests.support.steps import an_hour_passes_for_codes, the_code_grows_old
from workflow.jobs import OWES
from workflow.reporting.deliveries import came_back, history


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
    await house.joseph.sees("could not be delivered (email: the mail was refused)", timeout=30)
    await house.amina.receives_document(timeout=30)
    await house.amina.sees("We could not send the copy", timeout=30)
    await settles(house)
    assert await house.clinic.mails("amina@example.org") == []


async def test_a_house_whose_mail_is_out_of_order_keeps_codes_and_reports_and_tells_the_administrators(
    house: House,
) -> None:
    """530, the server wants a login that we do not give: nobody's address is to blame, and all of it goes later."""
    await house.until("completed")
    code = await house.approves()
    house.sandbox.mailbox.fail(2, 530)
    await house.joseph.sends(code)
    await waits(house, "mail_report")
    assert "refuses our login" in (await house.joseph.sees("mail does not go out", timeout=30)).text
    await comes_due(house)
    await waits(house, "mail_report", 2)
    await comes_due(house)
    await house.clinic.mail_to("amina@example.org", "attached", timeout=30)
    await settles(house)
    told = [message for message in await house.joseph.messages() if "mail does not go out" in message.text]
    assert len(told) == 1
    assert not [message for message in await house.amina.messages() if "could not send the copy" in message.text]


async def test_what_failed_is_listed_and_sent_again_by_an_administrator(house: House) -> None:
    """The second try arrives; its history says what happened, and then nothing is left to send again."""
    await house.until("completed")
    code = await house.approves()
    house.sandbox.mailbox.fail(1, 550)
    await house.joseph.sends(code)
    await house.joseph.sees("could not be delivered", timeout=30)
    await house.joseph.sends("/undelivered")
    await house.joseph.sees("the mail was refused")
    await house.joseph.presses("· email")
    await house.joseph.sees("is on its way again")
    await house.clinic.mail_to("amina@example.org", "attached", timeout=30)
    await settles(house)
    async with house.app.clinic.sessions() as session:
        lines = await history(session, "report:1:email")
    assert [line.state for line in lines] == ["owed", "sending", "failed", "owed", "sending", "sent"]
    await house.joseph.sends("/undelivered")
    await house.joseph.sees("Every report has arrived")


async def test_a_mail_that_comes_back_is_told_to_administrator_and_patient(house: House) -> None:
    """The server took it and returns it a minute later; the same notice twice is told once."""
    await house.until("released")
    mail = await house.clinic.mail_to("amina@example.org", "attached", timeout=30)
    await settles(house)
    for news in (True, False):
        async with house.app.clinic.sessions.begin() as session:
            told = await came_back(session, str(returned(bounce(mail.message_id))), "bounce", datetime.now(UTC))
            assert told is news
    await house.joseph.sees("could not be delivered (email: it came back)", timeout=30)
    await house.amina.sees("We could not send the copy", timeout=30)
    await settles(house)


def bounce(message_id: str, action: str = "failed") -> bytes:
    """What a mail server writes to the sender (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@example.org\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nI am sorry.\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; example.org\n\n"
        f"Final-Recipient: rfc822; amina@example.org\nAction: {action}\nStatus: 5.1.1\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\nSubject: A document\n\n--b--\n"
    ).encode()


OURS = "<report-1-ab@example.org>"


@pytest.mark.parametrize(
    ("notice", "found"),
    [
        (bounce(OURS), OURS),
        (bounce(OURS).replace(b"text/rfc822-headers", b"message/rfc822"), OURS),
        (bounce(OURS).replace(b"text/rfc822-headers", b"text/rfc822-headers; charset=nobody-knows"), OURS),
        (bounce(OURS, "delayed"), None),
        (b"Subject: I am on holiday\nIn-Reply-To: <report-1-ab@example.org>\n\nBack on Monday.", None),
        (b"", None),
        (b"\xff\x00 no mail", None),
    ],
)
def test_a_returned_mail_is_told_from_a_delay_and_from_a_letter(notice: bytes, found: str | None) -> None:
    assert returned(notice) == found


async def test_who_registers_with_an_address_that_is_refused_for_good_is_told_at_once(house: House) -> None:
    """550 for a code: no second try, a sentence in the language of the one who waits, and no guess fits any more."""
    ravi = await house.clinic.person("Ravi", language_code="hi")
    for email in ("ravi@example.org", "amina@example.org"):  # the second has an account: the chat shows no difference
        house.sandbox.mailbox.fail(1, 550)
        await ravi.sends("/register")
        await ravi.sends("Ravi Kumar")
        await ravi.sends(email)
        await ravi.sees(f"{email} पर ईमेल नहीं जा रहा", timeout=30)
        await settles(house)
        await ravi.sends("/cancel")
        await an_hour_passes_for_codes(house)
    assert await house.clinic.mails() == []


async def test_a_code_that_could_not_leave_in_time_is_told_to_whoever_waits_for_it(house: House) -> None:
    await house.until("completed")
    await house.sandbox.mailbox.stop()
    await house.joseph.presses("Approve")
    await waits(house, "mail_code")
    await the_code_grows_old(house)
    await house.sandbox.mailbox.start()
    await comes_due(house)
    await house.joseph.sees("could not leave in time", timeout=30)
    assert await house.clinic.mails("joseph@example.org") == []


async def test_mails_around_registration_are_in_the_language_of_their_reader(house: House) -> None:
    """A code in the newcomer's language; the hint about an account in the language of the account."""
    ravi = await house.clinic.person("Ravi", language_code="ta")
    for email, words in (("ravi@example.org", "உங்கள் கோடு"), ("amina@example.org", "You have an account already")):
        await ravi.sends("/register")
        await ravi.sends("Ravi Kumar")
        await ravi.sends(email)
        mail = await house.clinic.mail_to(email, words)
        assert words in mail.subject + mail.text
        await ravi.sends("/cancel")
        await an_hour_passes_for_codes(house)


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
