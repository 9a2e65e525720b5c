"""The mail server is away, busy or refuses: each mail arrives later, once."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.channels.bounces import bounced_message_id
from models.tables.jobs import Job
from tests.support.jobs import comes_due, settles, waits
from tests.support.people import CODE, Clinic
from tests.support.steps import an_hour_passes_for_codes, the_code_grows_old
from workflow.jobs import HAS_JOBS
from workflow.reporting.deliveries import history, record_bounce

pytestmark = pytest.mark.slow  # real back-off


async def test_code_and_report_wait_until_the_mail_server_answers_again(clinic: Clinic) -> None:
    """Refused connections, then 451: the administrator still gets a valid code, the patient one mail."""
    await clinic.plays("completed")
    await clinic.sandbox.mailbox.stop()
    await clinic.joseph.presses("Approve")
    await waits(clinic, "mail_code")
    await clinic.sandbox.mailbox.start()
    await comes_due(clinic)
    mail = await clinic.telegram.mail_to("joseph@example.org")
    clinic.sandbox.mailbox.fail(2, 451)
    [code] = CODE.findall(mail.text)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("is released")
    for attempt in (1, 2):
        await waits(clinic, "mail_report", attempt)
        await comes_due(clinic)
    await clinic.telegram.mail_to("amina@example.org", "attached")
    await settles(clinic)
    assert len(await clinic.telegram.mails("amina@example.org")) == 1
    await clinic.amina.receives_document()


async def test_a_mail_whose_answer_was_lost_goes_again_as_the_same_mail(clinic: Clinic) -> None:
    """The server keeps it and answers 451: the second copy has the Message-ID of the first."""
    await clinic.plays("completed")
    code = await clinic.approves()
    clinic.sandbox.mailbox.fail(1, 451, after=True)
    await clinic.joseph.sends(code)
    await waits(clinic, "mail_report")
    await settles(clinic)
    copies = await clinic.telegram.mails("amina@example.org")
    assert len(copies) == 2
    assert len({mail.message_id for mail in copies}) == 1


async def test_an_address_that_is_refused_for_good_is_told_to_the_administrators(clinic: Clinic) -> None:
    """550: no retry, one message to the administrators, and the chat has the report."""
    await clinic.plays("completed")
    code = await clinic.approves()
    clinic.sandbox.mailbox.fail(1, 550)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("could not be delivered (email: the mail was refused)", timeout=30)
    await clinic.amina.receives_document(timeout=30)
    await clinic.amina.sees("We could not send the copy", timeout=30)
    await settles(clinic)
    assert await clinic.telegram.mails("amina@example.org") == []


async def test_a_clinic_whose_mail_is_out_of_order_keeps_codes_and_reports_and_notifies_the_administrators(
    clinic: Clinic,
) -> None:
    """530, the server requires a login that is not configured: no address is blamed, and every mail leaves later."""
    await clinic.plays("completed")
    code = await clinic.approves()
    clinic.sandbox.mailbox.fail(2, 530)
    await clinic.joseph.sends(code)
    await waits(clinic, "mail_report")
    assert "refuses our login" in (await clinic.joseph.sees("mail does not go out", timeout=30)).text
    await comes_due(clinic)
    await waits(clinic, "mail_report", 2)
    await comes_due(clinic)
    await clinic.telegram.mail_to("amina@example.org", "attached", timeout=30)
    await settles(clinic)
    notices = [message for message in await clinic.joseph.messages() if "mail does not go out" in message.text]
    assert len(notices) == 1
    assert not [message for message in await clinic.amina.messages() if "could not send the copy" in message.text]


async def test_what_failed_is_listed_and_sent_again_by_an_administrator(clinic: Clinic) -> None:
    """The second try arrives; its history shows both attempts, and then nothing is left to resend."""
    await clinic.plays("completed")
    code = await clinic.approves()
    clinic.sandbox.mailbox.fail(1, 550)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("could not be delivered", timeout=30)
    await clinic.joseph.sends("/undelivered")
    await clinic.joseph.sees("the mail was refused")
    await clinic.joseph.presses("· email")
    await clinic.joseph.sees("is on its way again")
    await clinic.telegram.mail_to("amina@example.org", "attached", timeout=30)
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        lines = await history(session, "report:1:email")
    assert [line.state for line in lines] == ["owed", "sending", "failed", "owed", "sending", "sent"]
    await clinic.joseph.sends("/undelivered")
    await clinic.joseph.sees("Every report has arrived")


async def test_a_mail_that_comes_back_is_told_to_administrator_and_patient(clinic: Clinic) -> None:
    """The server accepts the mail and returns it a minute later; a repeated bounce is notified once."""
    await clinic.plays("released")
    mail = await clinic.telegram.mail_to("amina@example.org", "attached", timeout=30)
    await settles(clinic)
    for news in (True, False):
        async with clinic.app.services.sessions.begin() as session:
            notices = await record_bounce(
                session, str(bounced_message_id(bounce(mail.message_id))), "bounce", datetime.now(UTC)
            )
            assert notices is news
    await clinic.joseph.sees("could not be delivered (email: it came back)", timeout=30)
    await clinic.amina.sees("We could not send the copy", timeout=30)
    await settles(clinic)


def bounce(message_id: str, action: str = "failed") -> bytes:
    """A delivery status notification to the sender (RFC 3464)."""
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
def test_a_returned_mail_is_distinguished_from_a_delay_and_from_an_ordinary_mail(
    notice: bytes, found: str | None
) -> None:
    assert bounced_message_id(notice) == found


HOSTILE = (
    b"",
    b"\xff" * 1000,
    b"Content-Type: multipart/report; boundary=x\n\n" + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 3000,
    b"Content-Type: message/delivery-status; charset=no-such\n\nAction: failed\n",
    (
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nAction: failed"
        b"\n\n"
        b"--x\nContent-Type: text/rfc822-headers; charset=\xff\xff\n\nMessage-ID: <a\x00b@c>\n--x--"
    ),
    b'Content-Type: multipart/report; boundary=""\nSubject: =?utf-8?b?!?=\n\n',
    b"Content-Type: message/rfc822\n\n" * 2000,
    b'From: "' + b"(" * 50_000,
)


@pytest.mark.parametrize("notice", HOSTILE, ids=range(len(HOSTILE)))
def test_a_notice_that_cannot_be_parsed_is_no_bounce(notice: bytes) -> None:
    assert bounced_message_id(notice) is None


async def test_who_registers_with_an_address_that_is_refused_for_good_is_told_at_once(clinic: Clinic) -> None:
    """550 for a code: no retry, a message in the language of the newcomer, and the code is void."""
    ravi = await clinic.telegram.person("Ravi", language_code="hi")
    for email in (
        "ravi@example.org",
        "amina@example.org",
    ):  # the second address has an account: the chat shows no difference
        clinic.sandbox.mailbox.fail(1, 550)
        await ravi.sends("/register")
        await ravi.presses("ईमेल से रजिस्टर करें")
        await ravi.sends("Ravi Kumar")
        await ravi.sends(email)
        await ravi.sees(f"{email} पर ईमेल नहीं जा रहा", timeout=30)
        await settles(clinic)
        await ravi.sends("/cancel")
        await an_hour_passes_for_codes(clinic)
    assert await clinic.telegram.mails() == []


async def test_a_code_that_could_not_leave_in_time_is_told_to_whoever_waits_for_it(clinic: Clinic) -> None:
    await clinic.plays("completed")
    await clinic.sandbox.mailbox.stop()
    await clinic.joseph.presses("Approve")
    await waits(clinic, "mail_code")
    await the_code_grows_old(clinic)
    await clinic.sandbox.mailbox.start()
    await comes_due(clinic)
    await clinic.joseph.sees("could not leave in time", timeout=30)
    assert await clinic.telegram.mails("joseph@example.org") == []


async def test_mails_around_registration_are_in_the_language_of_their_reader(clinic: Clinic) -> None:
    """A code in the newcomer's language; the hint about an account in the language of the account."""
    ravi = await clinic.telegram.person("Ravi", language_code="ta")
    for email, words in (("ravi@example.org", "உங்கள் OTP எண்"), ("amina@example.org", "You have an account already")):
        await ravi.sends("/register")
        await ravi.presses("ஈமெயிலால் பதிவு செய்ய")
        await ravi.sends("Ravi Kumar")
        await ravi.sends(email)
        mail = await clinic.telegram.mail_to(email, words)
        assert words in mail.subject + mail.text
        await ravi.sends("/cancel")
        await an_hour_passes_for_codes(clinic)


@pytest.mark.parametrize("attempts", [60, 500])
async def test_a_server_that_is_away_for_hours_does_not_bring_the_bot_down(clinic: Clinic, attempts: int) -> None:
    """After many tries the next is minutes away, and the bot goes on answering."""
    await clinic.plays("completed")
    await clinic.sandbox.mailbox.stop()
    await clinic.joseph.presses("Approve")
    await waits(clinic, "mail_code")
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(
            update(Job).where(Job.ended_at.is_(None)).values(attempts=attempts, run_at=datetime.now(UTC))
        )
        session.info[HAS_JOBS] = True
    job = await waits(clinic, "mail_code", attempts + 1)
    assert 0 < (job.run_at - datetime.now(UTC)).total_seconds() <= 300
    await clinic.amina.sends("/help")
    await clinic.amina.sees("How it works")
    await clinic.sandbox.mailbox.start()
    await comes_due(clinic)
    await clinic.telegram.mail_to("joseph@example.org", "release report")
    await settles(clinic)
