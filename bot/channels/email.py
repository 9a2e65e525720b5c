"""Sends email by SMTP, with STARTTLS unless the server is on this machine."""

import math
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate
from enum import StrEnum
from functools import cache
from time import monotonic
from typing import Final, NamedTuple

import aiosmtplib
from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from bot.settings import Settings
from workflow.requester import Requester
from workflow.token_bucket import TokenBucket


class Email(NamedTuple):
    """One mail. `message_id` is derived from its cause, so that mail readers recognize a second copy."""

    to: str
    subject: str
    text: str
    message_id: str
    attachments: Sequence[tuple[str, bytes]] = ()  # file name, PDF
    language: str = "en"
    requester: Requester = (
        Requester.STAFF
    )  # on whose behalf; of CSSS_MAILS_PER_HOUR a part is left to staff and reports


class Refusal(StrEnum):
    """Why a mail is refused permanently; the keys of the `failure.*` sentences."""

    ADDRESS = "address"
    SIZE = "size"
    CONTENT = "content"
    LOGIN = "login"
    ENCRYPTION = "encryption"  # no STARTTLS, or an untrusted certificate
    SERVER = "server"  # greeting, HELO name, sender or relaying refused


OWN_CONFIGURATION: Final = {
    Refusal.LOGIN,
    Refusal.ENCRYPTION,
    Refusal.SERVER,
}  # caused by the settings, not by the mail
STATE_SECONDS: Final = 30.0
AUTH_REQUIRED: Final = 530
TOO_LARGE: Final = 552
REFUSAL_BY_ERROR: Final[Mapping[type[Exception], Refusal]] = {
    aiosmtplib.SMTPConnectResponseError: Refusal.SERVER,
    aiosmtplib.SMTPHeloError: Refusal.SERVER,
    aiosmtplib.SMTPSenderRefused: Refusal.SERVER,
    aiosmtplib.SMTPAuthenticationError: Refusal.LOGIN,
    aiosmtplib.SMTPRecipientRefused: Refusal.ADDRESS,
    aiosmtplib.SMTPResponseException: Refusal.CONTENT,
}


class MailRejected(Exception):
    """Carries only a code: the server's reply may quote the mail."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class UndeliverableMail(MailRejected):
    """This mail would be refused again."""


class MailMisconfigured(MailRejected):
    """Every mail is refused until the mail settings are corrected; a retry may then succeed."""


class MailQuotaExceeded(Exception):
    """CSSS_MAILS_PER_HOUR is used up; a later retry may succeed."""


class Mailer:
    """SMTP client. `send` raises UndeliverableMail where a retry is useless, MailMisconfigured where the settings need
    correction, MailQuotaExceeded above the hourly quota; other errors may be retried."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state, self._state_until = "", -math.inf
        self._quota = TokenBucket(settings.mails_per_hour / 10, settings.mails_per_hour / 3600)

    async def server_state(self) -> str:
        """`server_state`, asked of the server at most once in `STATE_SECONDS`."""
        if monotonic() >= self._state_until:
            self._state, self._state_until = await server_state(self._settings), monotonic() + STATE_SECONDS
        return self._state

    async def send(self, email: Email) -> None:
        settings = self._settings
        if not self._quota.spend(email.requester.reserve):
            raise MailQuotaExceeded
        try:
            await aiosmtplib.send(
                compose(email, str(settings.mail_from)),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
                use_tls=False,
                start_tls=settings.smtp_starttls,
                tls_context=ssl.create_default_context() if settings.smtp_starttls else None,
                timeout=30,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            reason = refusal(error)
            if reason is None:
                raise
            raise (MailMisconfigured if reason in OWN_CONFIGURATION else UndeliverableMail)(reason) from None


async def server_state(settings: Settings) -> str:
    """`ok` when the mail server answers, else the class of the error."""
    client = aiosmtplib.SMTP(hostname=settings.smtp_host, port=settings.smtp_port, timeout=5, start_tls=False)
    try:
        async with client:
            return "ok"
    except (aiosmtplib.SMTPException, OSError) as error:
        return type(error).__name__


def refusal(error: Exception) -> Refusal | None:
    """The reason of a permanent refusal; None where a later attempt may succeed."""
    match error:
        case ssl.SSLCertVerificationError():
            return Refusal.ENCRYPTION
        case aiosmtplib.SMTPNotSupported():  # a non-ASCII address without SMTPUTF8
            return Refusal.ADDRESS
        case aiosmtplib.SMTPRecipientsRefused():
            reasons = [_refusal_of_response(one) for one in error.recipients]
            return None if None in reasons else reasons[0]
        case aiosmtplib.SMTPResponseException():
            return _refusal_of_response(error)
    if type(error) is not aiosmtplib.SMTPException:
        return None
    return Refusal.LOGIN if "auth" in str(error).lower() else Refusal.ENCRYPTION  # no AUTH or no STARTTLS offered


def _refusal_of_response(error: aiosmtplib.SMTPResponseException) -> Refusal | None:
    """The refusal by the reply's code (4xx is temporary), otherwise by the SMTP command that failed."""
    if error.code < 500:
        return None
    if "relay" in str(error.message).lower():
        return Refusal.SERVER
    by_command = next(reason for kind, reason in REFUSAL_BY_ERROR.items() if isinstance(error, kind))
    return {TOO_LARGE: Refusal.SIZE, AUTH_REQUIRED: Refusal.LOGIN}.get(error.code, by_command)


def compose(email: Email, sender: str) -> EmailMessage:
    """A multipart message: the text as plain text and as HTML, then the attachments."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, with_ascii_domain(email.to), email.subject
    message["Message-ID"], message["Date"] = email.message_id, formatdate()
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = email.language
    message.set_content(email.text)
    paragraphs = [paragraph.split("\n") for paragraph in email.text.strip().split("\n\n")]
    message.add_alternative(_html_template().render(email=email, paragraphs=paragraphs), subtype="html")
    for name, pdf in email.attachments:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    return message


def with_ascii_domain(address: str) -> str:
    """The address with its domain in the ASCII form of IDNA; unchanged when the domain has none."""
    try:
        return f"{address.rpartition('@')[0]}@{validate_email(address, check_deliverability=False).ascii_domain}"
    except EmailNotValidError:
        return address


@cache
def _html_template() -> Template:
    loader = PackageLoader("bot.channels", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template("email.html")
