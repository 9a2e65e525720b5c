"""The mailbox: mail sent to it can be read; it can refuse mail or be unreachable."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from bot.dev.sandbox import Mailbox, Sandbox, SandboxClient
from bot.dev.sandbox.client.transcript import NotFoundInChat
from tests.support.rawapi import Clock


def new_email(subject: str = "Your report", to: str = "amina@example.org", text: str = "Dear Amina,\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Scan desk <desk@example.org>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content(text)
    return mail


async def send(mailbox: Mailbox, mail: EmailMessage, **how: object) -> None:
    options = {"hostname": mailbox.host, "port": mailbox.port, "start_tls": False, "use_tls": False} | how
    await aiosmtplib.send(mail, **options)


@pytest.fixture
async def mailbox(clock: Clock) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(clock=clock)
    await mailbox.start()
    yield mailbox
    await mailbox.stop()


async def test_text_html_and_attachments_are_taken_apart(mailbox: Mailbox) -> None:
    mail = new_email("Ihr Befund – ready", text="வணக்கம்\n")
    mail.add_alternative("<p>வணக்கம்</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="report-7.pdf")
    await send(mailbox, mail)
    [caught] = mailbox.mails
    assert (caught.id, caught.date, caught.sender) == (1, 1_750_000_000, "desk@example.org")
    assert (caught.to, caught.subject, caught.message_id) == (
        ("amina@example.org",),
        "Ihr Befund – ready",
        "<1@example.org>",
    )
    assert caught.text == "வணக்கம்\n"
    assert "<p>வணக்கம்</p>" in (caught.html or "")
    assert caught.attachments == (("report-7.pdf", "application/pdf", b"%PDF-1.7"),)


async def test_the_envelope_decides_who_gets_it(mailbox: Mailbox) -> None:
    await send(mailbox, new_email(to="Ravi <ravi@example.org>, amina@example.org"))
    assert mailbox.mails[0].to == ("ravi@example.org", "amina@example.org")
    assert len(mailbox.to("Amina@example.org")) == 1
    assert mailbox.to("nobody@example.org") == []


@pytest.mark.parametrize("code", [451, 550])
async def test_it_refuses_as_many_mails_as_ordered(mailbox: Mailbox, code: int) -> None:
    mailbox.fail(2, code)
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPDataError) as refusal:
            await send(mailbox, new_email())
        assert refusal.value.code == code
    await send(mailbox, new_email())
    assert len(mailbox.mails) == 1


async def test_it_can_keep_a_mail_and_lose_the_answer(mailbox: Mailbox) -> None:
    mailbox.fail(1, after=True)
    with pytest.raises(aiosmtplib.SMTPDataError):
        await send(mailbox, new_email())
    await send(mailbox, new_email())
    assert [mail.message_id for mail in mailbox.mails] == ["<1@example.org>"] * 2


async def test_it_can_be_away_and_come_back_with_its_mails_and_port(mailbox: Mailbox) -> None:
    await send(mailbox, new_email())
    port = mailbox.port
    await mailbox.stop()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(mailbox, new_email())
    await mailbox.start()
    await send(mailbox, new_email())
    assert (mailbox.port, len(mailbox.mails)) == (port, 2)


async def test_stopping_ends_open_connections(mailbox: Mailbox) -> None:
    client = aiosmtplib.SMTP(hostname=mailbox.host, port=mailbox.port, start_tls=False)
    await client.connect()
    await mailbox.stop()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.noop()
    client.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for loopback and its private key."""
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem", tmp_path / "key.pem"


async def test_with_a_certificate_and_a_password_it_wants_both(clock: Clock, certificate: tuple[Path, Path]) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*certificate)
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    mailbox = Mailbox(clock=clock, tls_context=server, auth=("desk", "secret"))
    await mailbox.start()
    right = {"start_tls": True, "tls_context": trust, "username": "desk", "password": "secret"}
    await send(mailbox, new_email(), **right)
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await send(mailbox, new_email(), **right | {"password": "wrong"})
    with pytest.raises(aiosmtplib.SMTPException):
        await send(mailbox, new_email())
    await mailbox.stop()
    assert len(mailbox.mails) == 1


async def test_mails_are_seen_through_the_client(sandbox: Sandbox, telegram: SandboxClient) -> None:
    await send(sandbox.mailbox, new_email("Code 111111"))
    await send(sandbox.mailbox, new_email("Code 222222"))
    await send(sandbox.mailbox, new_email("Other", to="ravi@example.org"))
    newest = await telegram.mail_to("amina@example.org", containing="Code")
    assert newest.subject == "Code 222222"
    assert [mail.subject for mail in await telegram.mails("amina@example.org")] == ["Code 111111", "Code 222222"]
    assert len(await telegram.mails()) == 3
    with pytest.raises(NotFoundInChat, match=r"ravi@example.org: Other"):
        await telegram.mail_to("amina@example.org", containing="Code", after=newest, timeout=0.05)


async def test_a_mail_is_waited_for_and_told_as_an_event(sandbox: Sandbox, telegram: SandboxClient) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(telegram.mail_to("amina@example.org", containing="Dear Amina"))
        await asyncio.sleep(0.05)
        mail = new_email()
        mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="r.pdf")
        await send(sandbox.mailbox, mail)
    assert waiting.result().attachments[0].data == b"%PDF"
    [event] = [event for event in await telegram.wire.changes(0, 1) if event["kind"] == "mail"]
    shown = (await telegram.wire.get("/client/mails")).body[0]
    assert event["mail"] == shown
    assert shown["attachments"] == [{"index": 0, "name": "r.pdf", "type": "application/pdf", "size": 4}]
    assert await telegram.wire.fetch("/client/mails/1/attachments/0") == b"%PDF"


async def test_the_mailbox_can_be_told_to_refuse_through_the_client(sandbox: Sandbox, telegram: SandboxClient) -> None:
    await telegram.fault("451", times=1)
    with pytest.raises(aiosmtplib.SMTPDataError):
        await send(sandbox.mailbox, new_email())
    await send(sandbox.mailbox, new_email())
    assert len(sandbox.mailbox.mails) == 1


async def test_html_of_a_mail_is_shown_without_scripts(sandbox: Sandbox, telegram: SandboxClient) -> None:
    mail = new_email()
    mail.add_alternative("<p>hi</p>", subtype="html")
    await send(sandbox.mailbox, mail)
    async with telegram.wire.session.get(f"{sandbox.base}/client/mails/1/html") as answer:
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert "<p>hi</p>" in await answer.text()
    for path in ("/client/mails/2/html", "/client/mails/1/attachments/0"):
        async with telegram.wire.session.get(sandbox.base + path) as answer:
            assert answer.status == 404
