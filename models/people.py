"""Who the clinic knows: accounts, the chats linked to them, and invitations to the staff."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, stored


class Role(StrEnum):
    PATIENT = "patient"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"  # the worker; no account has it


class Sex(StrEnum):
    """The administrative sex of HL7 FHIR (AdministrativeGender)."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    password_hash: Mapped[str] = mapped_column(String(72))
    role: Mapped[Role] = mapped_column(stored(Role), default=Role.PATIENT)
    language: Mapped[str] = mapped_column(String(8), default="en")
    date_of_birth: Mapped[date | None]
    sex: Mapped[Sex] = mapped_column(stored(Sex), default=Sex.UNKNOWN)
    registration_number: Mapped[str | None] = mapped_column(String(40))  # a doctor's or pharmacist's
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]

    links: Mapped[list["Link"]] = relationship(back_populates="account")


class Link(Base):
    """A chat that acts for an account. One person may link several chats; a chat speaks for one person."""

    __tablename__ = "links"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]

    account: Mapped[Account] = relationship(back_populates="links", lazy="joined")


class Invite(Base):
    """A one-time way into the staff. Only the hash of its token is kept; the role is the server's word."""

    __tablename__ = "invites"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(stored(Role))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # nobody: the command line
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
