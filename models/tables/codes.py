"""One-time codes: only a keyed hash is kept, bound to who, what and which content."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, stored


class Purpose(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    RELEASE = "release"
    AMEND = "amend"
    STAFF = "staff"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose


class Factor(StrEnum):
    """By what the person shows that it is really him."""

    MAIL = "mail"
    AUTHENTICATOR = "authenticator"


class Code(Base):
    """`digest` is empty until the mail is about to leave: the code itself exists only in that mail."""

    __tablename__ = "codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(stored(Purpose))
    factor: Mapped[Factor] = mapped_column(stored(Factor), default=Factor.MAIL)
    chat_id: Mapped[int] = mapped_column(BigInteger, index=True)
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8), default="en")  # of whoever asked, for the mail
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    content_sha256: Mapped[str] = mapped_column(String(64), default="")
    digest: Mapped[str] = mapped_column(String(64), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Authenticator(Base):
    """An app that shows codes. Its secret comes from the nonce and the house's key; `last_counter` stops replay."""

    __tablename__ = "authenticators"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, autoincrement=False)
    nonce: Mapped[str] = mapped_column(String(32))
    last_counter: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """In place of a lost app, once. Only its keyed hash is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]
