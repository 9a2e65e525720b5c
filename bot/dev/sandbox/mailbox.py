"""An SMTP server that delivers nothing and keeps every mail for display."""

import asyncio
import hmac
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses
from typing import Final, NamedTuple
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bot.dev.sandbox.api.responses import Json

SIZE_LIMIT: Final = 40 * 1024 * 1024
TAKEN: Final = "250 2.0.0 caught"


class Attachment(NamedTuple):
    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A caught mail; `date` is its arrival in Unix seconds, `to` the envelope's addresses."""

    id: int
    date: int
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None
    message_id: str
    attachments: tuple[Attachment, ...]
    raw: bytes

    def view(self) -> Json:
        return {
            "id": self.id,
            "date": self.date,
            "from": self.sender,
            "to": list(self.to),
            "subject": self.subject,
            "text": self.text,
            "html": self.html is not None,
            "message_id": self.message_id,
            "attachments": [
                {"index": index, "name": part.name, "type": part.type, "size": len(part.data)}
                for index, part in enumerate(self.attachments)
            ],
        }


@dataclass(slots=True)
class _Refusal:
    code: int
    times: int
    after: bool


def _ignore(_: Mail) -> None:
    """The default callback for a mail."""


class Mailbox:
    """An SMTP server on the running event loop, without threads."""

    def __init__(
        self,
        port: int = 0,
        *,
        clock: Callable[[], float] = time.time,
        tls_context: ssl.SSLContext | None = None,
        auth: tuple[str, str] | None = None,
    ) -> None:
        """With `tls_context` STARTTLS is required; `auth` is the user and password that it then asks for."""
        self.host = "127.0.0.1"
        self.port = port
        self.mails: list[Mail] = []
        self.on_mail: Callable[[Mail], None] = _ignore
        self._clock = clock
        self._tls = tls_context
        self._auth = auth
        self._server: asyncio.Server | None = None
        self._sessions: WeakSet[SMTP] = WeakSet()
        self._refusal: _Refusal | None = None

    async def start(self) -> None:
        """Listen; after a stop, at the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections from now on; the mails stay."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        await self._server.wait_closed()
        self._server = None
        self._sessions.clear()

    def fail(self, times: int, code: int = 451, *, after: bool = False) -> None:
        """Refuse the next `times` mails with `code`; `after` keeps each mail first, like an answer that got lost."""
        self._refusal = _Refusal(code, times, after) if times else None

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if address.lower() in {one.lower() for one in mail.to}]

    def _session(self) -> SMTP:
        session = SMTP(
            self,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="sandbox.invalid",
            ident="CSSS sandbox mailbox",
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            authenticator=self._authenticate,
            auth_required=self._auth is not None,
            auth_require_tls=self._tls is not None,
        )
        self._sessions.add(session)
        return session

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's name and form
        refusal = self._due_refusal()
        if refusal is None or refusal.after:
            self._catch(envelope)
        return (
            TAKEN if refusal is None else f"{refusal.code} {refusal.code // 100}.3.0 refused by the sandbox on purpose"
        )

    def _due_refusal(self) -> _Refusal | None:
        refusal = self._refusal
        if refusal is not None:
            refusal.times -= 1
            if refusal.times <= 0:
                self._refusal = None
        return refusal

    def _catch(self, envelope: Envelope) -> None:
        raw = envelope.content
        assert isinstance(raw, bytes)
        mail = read_mail(raw, len(self.mails) + 1, int(self._clock()), tuple(envelope.rcpt_tos))
        self.mails.append(mail)
        self.on_mail(mail)

    def _authenticate(self, *exchange: object) -> AuthResult:
        """Check the credentials; aiosmtpd passes server, session, envelope, mechanism and credentials."""
        given = exchange[-1]
        if self._auth is None or not isinstance(given, LoginPassword):
            return AuthResult(success=False, handled=False)
        user, password = self._auth
        right = hmac.compare_digest(given.login, user.encode()) and hmac.compare_digest(
            given.password, password.encode()
        )
        return AuthResult(success=right, handled=False)


def read_mail(raw: bytes, number: int, date: int, to: tuple[str, ...]) -> Mail:
    """Parse a mail; a part with a file name, or neither text nor HTML, is an attachment."""
    message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    senders = getaddresses([str(message.get("From", ""))])
    return Mail(
        id=number,
        date=date,
        sender=senders[0][1] if senders else "",
        to=to,
        subject=str(message.get("Subject", "")),
        text=_words(plain),
        html=_words(html) if html is not None else None,
        message_id=str(message.get("Message-ID", "")),
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
        raw=raw,
    )


def _words(part: MIMEPart | None) -> str:
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _attachment(part: MIMEPart) -> Attachment:
    data = part.get_payload(decode=True)
    name = part.get_filename() or "attachment"
    return Attachment(name, part.get_content_type(), data if isinstance(data, bytes) else b"")
