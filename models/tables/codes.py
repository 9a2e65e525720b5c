"""One-time codes, authenticator apps, recovery codes, and changes of what opens an account.

Of a code only a keyed hash is stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, enum_column


class Purpose(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    RELEASE = "release"
    AMEND = "amend"
    STAFF = "staff"
    INVITE = "invite"
    PROVE = "prove"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose
    SIGN_IN = "sign_in"
    LINK_CHAT = "link_chat"  # its token is in a link, not in a mail
    CLAIM_FILE = "claim_file"  # its token is on a slip
    OPEN_BROWSER = "open_browser"  # its token is in a link, opened on a computer


class Factor(StrEnum):
    """How the person proves their identity."""

    MAIL = "mail"
    AUTHENTICATOR = "authenticator"


class Change(StrEnum):
    """A change of what opens an account."""

    SIGN_IN = "sign_in"
    BROWSER = "browser"
    SIGN_OUT = "sign_out"
    PASSWORD = "password"  # noqa: S105 - the name of a change
    AUTHENTICATOR = "authenticator"
    PHONE = "phone"
    EMAIL = "email"
    ROLE = "role"
    GUESSED = "guessed"  # nothing yet: wrong codes were typed
    FACTOR_GUESSED = "factor_guessed"  # nothing yet: wrong codes after the right password


class Code(Base):
    """A one-time code bound to chat, account, scan and content hash.

    `digest` is empty until the mail is sent: the code itself exists only in that mail."""

    __tablename__ = "codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(enum_column(Purpose))
    factor: Mapped[Factor] = mapped_column(enum_column(Factor), default=Factor.MAIL)
    chat_id: Mapped[int] = mapped_column(BigInteger, index=True)
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8), default="en")  # of the mail
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    content_sha256: Mapped[str] = mapped_column(String(64), default="")
    digest: Mapped[str] = mapped_column(String(64), default="")
    attempts: Mapped[int] = mapped_column(default=0)  # wrong ones
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    asking_chat_id: Mapped[int | None] = mapped_column(BigInteger)  # the chat that opened the link
    asking_label: Mapped[str | None] = mapped_column(String(80))  # its name on Telegram, until it is decided


class Authenticator(Base):
    """A TOTP authenticator app. Its secret is derived from `nonce` and the secret key; `last_counter` stops replay."""

    __tablename__ = "authenticators"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, autoincrement=False)
    nonce: Mapped[str] = mapped_column(String(32))
    last_counter: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A single-use code for a lost authenticator app; only its keyed hash is stored."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class CredentialChange(Base):
    """A change that its owner is told of, by mail and in `chats`, and may deny.

    `former_email`: the address before a change of it, which is told as well and restored by a denial."""

    __tablename__ = "credential_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    change: Mapped[Change] = mapped_column(enum_column(Change))
    chats: Mapped[list[int]] = mapped_column(JSON)
    former_email: Mapped[str | None] = mapped_column(String(254))
    at: Mapped[datetime]
    denied_at: Mapped[datetime | None]
