"""Email: headers and layout, and which refusals are retried."""

import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from pathlib import Path

import aiosmtplib
import pytest
from aiosmtplib import SMTPRecipientRefused, SMTPRecipientsRefused
from pydantic import SecretStr

from bot.channels.email import Email, Mailer, MailMisconfigured, Refusal, compose, refusal, with_ascii_domain
from bot.dev.demo import DemoSettings
from bot.dev.sandbox.mailbox import Mailbox

TEXT = "Hello <Amina>,\n\nhere it is.\nGood bye."
EMAIL = Email("amina@example.org", "A document", TEXT, "<1@example.org>", language="ta")


def test_the_same_words_stand_there_as_plain_text_and_as_html() -> None:
    attached = EMAIL._replace(attachments=[("R2026-000007.pdf", b"%PDF")])
    message = message_from_bytes(compose(attached, "scans@example.org").as_bytes(), policy=policy.default)
    plain, html = message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()
    assert plain.splitlines() == EMAIL.text.splitlines()
    assert "<p>Hello &lt;Amina&gt;,</p>" in html
    assert "here it is.<br>" in html
    assert '<html lang="ta">' in html
    assert message["Message-ID"] == "<1@example.org>"
    assert [part.get_filename() for part in message.iter_attachments()] == ["R2026-000007.pdf"]


def _refused(*codes: int, reply: str = "no") -> SMTPRecipientsRefused:
    return SMTPRecipientsRefused([SMTPRecipientRefused(code, reply, "amina@example.org") for code in codes])


RETRY = (
    aiosmtplib.SMTPConnectError("away"),
    aiosmtplib.SMTPServerDisconnected("gone"),
    aiosmtplib.SMTPReadTimeoutError("slow"),
    aiosmtplib.SMTPDataError(452, "full"),
    aiosmtplib.SMTPAuthenticationError(454, "later"),
    aiosmtplib.SMTPSenderRefused(421, "busy", "scans@example.org"),
    _refused(450),
    _refused(550, 451),
    aiosmtplib.SMTPConnectResponseError(421, "busy"),
    aiosmtplib.SMTPHeloError(450, "later"),
    ConnectionResetError(),
    TimeoutError(),
)
FOR_GOOD = (
    (aiosmtplib.SMTPDataError(552, "too big"), Refusal.SIZE),
    (aiosmtplib.SMTPDataError(554, "spam"), Refusal.CONTENT),
    (aiosmtplib.SMTPSenderRefused(550, "who?", "scans@example.org"), Refusal.SERVER),
    (aiosmtplib.SMTPSenderRefused(552, "too big", "scans@example.org"), Refusal.SIZE),
    (aiosmtplib.SMTPSenderRefused(530, "log in first", "scans@example.org"), Refusal.LOGIN),
    (aiosmtplib.SMTPHeloError(501, "who are you?"), Refusal.SERVER),
    (aiosmtplib.SMTPConnectResponseError(554, "no mail from there"), Refusal.SERVER),
    (aiosmtplib.SMTPNotSupported("SMTPUTF8 is not supported by this server"), Refusal.ADDRESS),
    (_refused(554, reply="5.7.1 <amina@example.org>: Relay access denied"), Refusal.SERVER),
    (aiosmtplib.SMTPException("The SMTP AUTH extension is not supported by this server."), Refusal.LOGIN),
    (aiosmtplib.SMTPAuthenticationError(535, "wrong"), Refusal.LOGIN),
    (_refused(550), Refusal.ADDRESS),
    (aiosmtplib.SMTPException("SMTP STARTTLS extension not supported by server."), Refusal.ENCRYPTION),
    (ssl.SSLCertVerificationError(), Refusal.ENCRYPTION),
)


@pytest.mark.parametrize("error", RETRY, ids=lambda error: f"{type(error).__name__}")
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    assert refusal(error) is None


@pytest.mark.parametrize(
    ("error", "why"), FOR_GOOD, ids=lambda one: one if isinstance(one, str) else type(one).__name__
)
def test_what_will_not_pass_is_not_tried_again(error: Exception, why: Refusal) -> None:
    assert refusal(error) is why


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem", tmp_path / "key.pem"


@pytest.fixture
async def strict(certificate: tuple[Path, Path]) -> AsyncIterator[Mailbox]:
    """A server that takes mail only through STARTTLS and with a password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    mailbox = Mailbox(tls_context=context, auth=("desk", "secret"))
    await mailbox.start()
    yield mailbox
    await mailbox.stop()


def account(mailbox: Mailbox, password: str = "secret", **more: object) -> Mailer:
    login = {"smtp_user": "desk", "smtp_password": SecretStr(password)}
    where = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port}
    return Mailer(DemoSettings(bot_token=SecretStr("42:x"), **where, **login, **more))


async def test_a_real_server_with_starttls_takes_the_mail(
    strict: Mailbox, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    await account(strict).send(EMAIL)
    assert [mail.message_id for mail in strict.mails] == ["<1@example.org>"]
    with pytest.raises(MailMisconfigured, match="login"):
        await account(strict, password="guessed").send(EMAIL)


async def test_a_certificate_that_nobody_vouches_for_gets_no_mail(strict: Mailbox) -> None:
    with pytest.raises(MailMisconfigured, match="encryption"):
        await account(strict).send(EMAIL)
    assert strict.mails == []


async def test_a_server_without_starttls_gets_no_mail_unless_the_settings_say_otherwise() -> None:
    mailbox = Mailbox()
    await mailbox.start()
    plain: Callable[..., Mailer] = lambda **more: Mailer(  # noqa: E731 - two settings side by side
        DemoSettings(bot_token=SecretStr("42:x"), smtp_host="127.0.0.1", smtp_port=mailbox.port, **more)
    )
    with pytest.raises(MailMisconfigured, match="encryption"):
        await plain().send(EMAIL)
    assert mailbox.mails == []
    await plain(smtp_starttls=False).send(EMAIL)
    assert len(mailbox.mails) == 1
    await mailbox.stop()
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await plain(smtp_starttls=False).send(EMAIL)


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("amina@example.org", "amina@example.org"),
        ("amina@bücher.example.org", "amina@xn--bcher-kva.example.org"),
        ("amina@இந்தியா.இந்தியா", "amina@xn--xkc2dl3a5ee0h.xn--xkc2dl3a5ee0h"),
        ("amina@localhost", "amina@localhost"),
    ],
)
def test_a_mail_domain_goes_out_in_ascii(address: str, sent: str) -> None:
    assert with_ascii_domain(address) == sent
    assert compose(Email(address, "words", "words", "<1@example.org>"), "a@example.org")["To"] == sent
