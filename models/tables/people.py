"""Who the clinic knows: accounts, the chats linked to them, and invitations to the staff."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Connection, ForeignKey, String, event, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Mapper, mapped_column, object_session, relationship
from sqlalchemy.orm.attributes import set_committed_value

from models.base import Base, stored
from models.crypto.keys import MASTERS, Erased, Info, Secret, find_key, make_key
from models.crypto.sealing import Sealed, Sealing


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


class Account(Sealing, Base):
    """`closed_at`: nobody can sign in any more; who it was stands sealed in `identity` as long as reports must stay.

    `erased_at`: the key is gone, and with it everything that was sealed."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    password_hash: Mapped[str] = mapped_column(String(72))
    role: Mapped[Role] = mapped_column(stored(Role), default=Role.PATIENT)  # the first; of the staff's before patient
    language: Mapped[str] = mapped_column(String(8), default="en")
    date_of_birth: Mapped[date | None]
    sex: Mapped[Sex] = mapped_column(stored(Sex), default=Sex.UNKNOWN)
    phone: Mapped[str | None] = mapped_column(Sealed)  # for WhatsApp, given by the patient
    registration_number: Mapped[str | None] = mapped_column(String(40))  # a doctor's or pharmacist's
    key_id: Mapped[str | None] = mapped_column(String(36))  # no such key any more: the person was forgotten
    created_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]  # may do nothing until an administrator restores the account
    identity: Mapped[dict[str, Any] | None] = mapped_column(Sealed)
    erasure_asked_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    held: Mapped[list["HeldRole"]] = relationship(
        lazy="selectin", order_by="HeldRole.since, HeldRole.role", cascade="all, delete-orphan"
    )

    @property
    def roles(self) -> tuple[Role, ...]:
        """All that this person may act as, the first one first."""
        return self.role, *(one.role for one in self.held)

    def number_as(self, role: Role) -> str | None:
        """What is printed with a signature in this role; a doctor's number is no pharmacist's."""
        if role is self.role:
            return self.registration_number
        return next((one.registration_number for one in self.held if one.role is role), self.registration_number)

    def place(self) -> str:
        return f"accounts|{self.key_id}"

    def opened(self) -> None:
        """Who a closed account belonged to is read as before, though it lies nowhere but sealed."""
        known = self.__dict__.get("identity")
        if known:
            born = known["date_of_birth"]
            set_committed_value(self, "name", known["name"])
            set_committed_value(self, "sex", Sex(known["sex"]))
            set_committed_value(self, "date_of_birth", born and date.fromisoformat(born))

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        secret = find_key(connection, info, self.key_id)
        if secret is None:
            raise Erased
        return secret


class HeldRole(Base):
    """A role that a person holds besides the account's first one."""

    __tablename__ = "held_roles"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(stored(Role), primary_key=True)
    registration_number: Mapped[str | None] = mapped_column(String(40))
    since: Mapped[datetime]


class Link(Base):
    """A chat that acts for an account. One person may link several chats; a chat speaks for one person."""

    __tablename__ = "links"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # when the person behind it was last known to be the one
    role: Mapped[Role | None] = mapped_column(stored(Role))  # in which this chat acts; nothing: the account's first
    label: Mapped[str] = mapped_column(String(80), default="")  # what Telegram calls it, so that its owner knows it

    account: Mapped[Account] = relationship(lazy="joined")


class Throttle(Base):
    """How often a password was guessed in vain, by chat and by address, whether or not the address has an account."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime | None]  # no guess is taken before
    at: Mapped[datetime]


class Consent(Base):
    """What a patient agreed to: the version of the words, the language they were read in, and when."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    version: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    given_at: Mapped[datetime]


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


@event.listens_for(Account, "before_insert", insert=True)  # before anything of theirs is sealed
def _with_a_key(_: Mapper[Account], connection: Connection, account: Account) -> None:
    """Nobody enters the house without a key of their own: what is kept of them is sealed from the first byte."""
    session = object_session(account)
    assert session is not None
    account.key_id = make_key(connection, session.info[MASTERS]).id


def key_of_patient(connection: Connection, info: Info, account_id: int | None) -> Secret:
    """Raises Erased."""
    key_id = connection.execute(select(Account.key_id).where(Account.id == account_id)).scalar_one_or_none()
    secret = find_key(connection, info, key_id)
    if secret is None:
        raise Erased
    return secret


async def patient_key(session: AsyncSession, account_id: int | None) -> Secret:
    """What opens and seals this person's files. Raises Erased."""
    return await session.run_sync(lambda sync: key_of_patient(sync.connection(), sync.info, account_id))
