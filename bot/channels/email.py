"""Mail leaves the house by SMTP, encrypted on the way unless the server is on this machine."""

import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate
from enum import StrEnum
from html import escape
from typing import Final, NamedTuple

import aiosmtplib

from bot.settings import Settings
from bot.telegram.buckets import Bucket


class Letter(NamedTuple):
    """A mail. `message_id` is fixed by its cause, so that a second copy is known for what it is."""

    to: str
    subject: str
    text: str
    message_id: str
    attachments: Sequence[tuple[str, bytes]] = ()  # file name, PDF
    language: str = "en"


class Refusal(StrEnum):
    """Why a mail cannot go out, now or later."""

    ADDRESS = "address"
    SIZE = "size"
    CONTENT = "content"
    LOGIN = "login"
    ENCRYPTION = "encryption"  # no STARTTLS, or a certificate that nobody vouches for
    SERVER = "server"  # it takes nothing from us: its greeting, our name, our sender or relaying


HOUSE: Final = {Refusal.LOGIN, Refusal.ENCRYPTION, Refusal.SERVER}  # the house's own settings are wrong, not the letter
LOGIN_WANTED: Final = 530
TOO_LARGE: Final = 552
PLACES: Final[Mapping[type[Exception], Refusal]] = {
    aiosmtplib.SMTPConnectResponseError: Refusal.SERVER,
    aiosmtplib.SMTPHeloError: Refusal.SERVER,
    aiosmtplib.SMTPSenderRefused: Refusal.SERVER,
    aiosmtplib.SMTPAuthenticationError: Refusal.LOGIN,
    aiosmtplib.SMTPRecipientRefused: Refusal.ADDRESS,
    aiosmtplib.SMTPResponseException: Refusal.CONTENT,
}


class NotTaken(Exception):
    """Carries a code alone: the server's words may quote the letter."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


class Unmailable(NotTaken):
    """Another try would be refused too."""


class OutOfOrder(NotTaken):
    """No letter goes out until somebody has put the house's own settings right; then this one does."""


class MailsUsedUp(Exception):
    """More mails than the house may send in an hour: this one waits, as after any other failure."""


class Mail:
    """Sends letters. Raises Unmailable where a retry is useless, OutOfOrder where the house has to be put right first;
    anything else may be tried again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._allowance = Bucket(settings.mails_per_hour / 10, settings.mails_per_hour / 3600)

    async def send(self, letter: Letter) -> None:
        settings = self._settings
        if not self._allowance.spend():
            raise MailsUsedUp
        try:
            await aiosmtplib.send(
                compose(letter, str(settings.mail_from)),
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
            why = refusal(error)
            if why is None:
                raise
            raise (OutOfOrder if why in HOUSE else Unmailable)(why) from None


def refusal(error: Exception) -> Refusal | None:
    """Why this mail cannot go out, or None: then a later try may succeed."""
    match error:
        case ssl.SSLCertVerificationError():
            return Refusal.ENCRYPTION
        case aiosmtplib.SMTPNotSupported():  # an address in letters that this server does not know
            return Refusal.ADDRESS
        case aiosmtplib.SMTPRecipientsRefused():
            answers = [_answer(one) for one in error.recipients]
            return None if None in answers else answers[0]
        case aiosmtplib.SMTPResponseException():
            return _answer(error)
    if type(error) is not aiosmtplib.SMTPException:
        return None
    return Refusal.LOGIN if "auth" in str(error).lower() else Refusal.ENCRYPTION  # it offers no AUTH, or no STARTTLS


def _answer(error: aiosmtplib.SMTPResponseException) -> Refusal | None:
    """What the server's code says for itself (4xx may pass), or else where in the conversation it came."""
    if error.code < 500:
        return None
    if "relay" in str(error.message).lower():
        return Refusal.SERVER
    place = next(place for kind, place in PLACES.items() if isinstance(error, kind))
    return {TOO_LARGE: Refusal.SIZE, LOGIN_WANTED: Refusal.LOGIN}.get(error.code, place)


def compose(letter: Letter, sender: str) -> EmailMessage:
    """The same words twice, for readers of plain text and of HTML, then what is attached."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Message-ID"], message["Date"] = letter.message_id, formatdate()
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    message.set_content(letter.text)
    message.add_alternative(_html(letter), subtype="html")
    for name, pdf in letter.attachments:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    return message


def _html(letter: Letter) -> str:
    paragraphs = [escape(words).replace("\n", "<br>\n") for words in letter.text.strip().split("\n\n")]
    body = "\n".join(f"<p>{words}</p>" for words in paragraphs)
    return (
        f'<!doctype html>\n<html lang="{escape(letter.language)}"><head><meta charset="utf-8">'
        f"<title>{escape(letter.subject)}</title></head>\n"
        f'<body style="font: 16px/1.5 sans-serif; color: #17242c; max-width: 36em">\n{body}\n</body></html>\n'
    )
