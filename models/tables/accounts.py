"""Accounts, their roles and linked chats, sign-in throttling, consents, staff invitations and patients' voice notes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, ForeignKey, String, event, false, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Mapper, mapped_column, object_session, relationship
from sqlalchemy.orm.attributes import set_committed_value

from models.base import Base, enum_column
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import KEKS, DataKey, Erased, SessionInfo, create_data_key, find_data_key
from models.vocabulary import Role, Sex


class Account(EncryptedRow, Base):
    """A person's account.

    `closed_at`: sign-in is disabled; the name, sex and date of birth move, encrypted, to `identity` for as long as
    reports must be retained. `erased_at`: the data key was destroyed, and with it everything encrypted under it."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)  # lower case; a patient may have none
    password_hash: Mapped[str | None] = mapped_column(String(72))  # None: the telephone is the proof of identity
    role: Mapped[Role] = mapped_column(
        enum_column(Role), default=Role.PATIENT, index=True
    )  # the primary role: a staff role before patient
    language: Mapped[str] = mapped_column(String(8), default="en")
    date_of_birth: Mapped[date | None]
    birth_estimated: Mapped[bool] = mapped_column(default=False, server_default=false())  # counted from an age
    sex: Mapped[Sex] = mapped_column(enum_column(Sex), default=Sex.UNKNOWN)
    phone: Mapped[str | None] = mapped_column(Encrypted)  # with its country code, shared by the patient
    phone_hash: Mapped[str | None] = mapped_column(String(64), index=True)  # see `workflow.accounts.chats.phones`
    whatsapp: Mapped[bool] = mapped_column(default=True, server_default=true())  # reports go to `phone` as well
    registration_number: Mapped[str | None] = mapped_column(String(40))  # a doctor's or pharmacist's
    key_id: Mapped[str | None] = mapped_column(String(36))  # the key's row is gone after erasure
    created_at: Mapped[datetime]
    administrator_since: Mapped[datetime | None]  # None: no administrator, an established one, or vouched for
    administrator_by: Mapped[int | None]  # the account that made this one an administrator
    suspended_at: Mapped[datetime | None]  # blocks every action until an administrator restores the account
    identity: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)
    erasure_asked_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    additional_roles: Mapped[list["AdditionalRole"]] = relationship(
        lazy="selectin", order_by="AdditionalRole.since, AdditionalRole.role", cascade="all, delete-orphan"
    )

    @property
    def roles(self) -> tuple[Role, ...]:
        """All roles of this person, the primary one first."""
        return self.role, *(one.role for one in self.additional_roles)

    def registration_number_as(self, role: Role) -> str | None:
        """The registration number printed with a signature in this role."""
        if role is self.role:
            return self.registration_number
        return next(
            (one.registration_number for one in self.additional_roles if one.role is role), self.registration_number
        )

    def aad(self) -> str:
        return f"accounts|{self.key_id}"

    def on_decrypted(self) -> None:
        """Restore name, sex and date of birth of a closed account from the encrypted `identity`."""
        identity = self.__dict__.get("identity")
        if identity:
            born = identity["date_of_birth"]
            set_committed_value(self, "name", identity["name"])
            set_committed_value(self, "sex", Sex(identity["sex"]))
            set_committed_value(self, "date_of_birth", born and date.fromisoformat(born))

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        data_key = find_data_key(connection, info, self.key_id)
        if data_key is None:
            raise Erased
        return data_key


class AdditionalRole(Base):
    """A role that a person holds besides the account's primary role."""

    __tablename__ = "held_roles"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(enum_column(Role), primary_key=True)
    registration_number: Mapped[str | None] = mapped_column(String(40))
    since: Mapped[datetime]


class ChatLink(Base):
    """A chat linked to an account. An account may have several chats; a chat has one account."""

    __tablename__ = "links"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # last successful authentication
    role: Mapped[Role | None] = mapped_column(enum_column(Role))  # the chat's active role; None: the primary role
    proved_at: Mapped[datetime | None]  # last right one-time code of this account in this chat
    label: Mapped[str] = mapped_column(String(80), default="")  # the name on Telegram, shown in the session list

    account: Mapped[Account] = relationship(lazy="joined")


class BrowserSession(Base):
    """A browser that is signed in to the desk, or in the role PATIENT to a patient's page; deleted at its end.

    `id` is negative, below the ids of Telegram's chats, and stands for a chat's in codes and throttles. `token_hash`:
    SHA-256 of the current token's id, empty until the browser fetches its first token; `former_hash`: of the one
    before."""

    __tablename__ = "browser_sessions"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    chat_id: Mapped[int | None] = mapped_column(BigInteger)  # the chat that let it in, with whose sign-out it ends
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # last page that the person asked for
    ends_at: Mapped[datetime]
    role: Mapped[Role | None] = mapped_column(enum_column(Role))  # the active role; None: the primary role
    proved_at: Mapped[datetime | None]  # last right one-time code of this account in this browser
    label: Mapped[str] = mapped_column(String(80))  # kind of browser and system
    token_hash: Mapped[str] = mapped_column(String(64), default="")
    former_hash: Mapped[str] = mapped_column(String(64), default="")
    renewed_at: Mapped[datetime]  # when `token_hash` was set

    account: Mapped[Account] = relationship(lazy="joined")


class Throttle(Base):
    """Failed password attempts by chat and by address, whether or not the address has an account."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime | None]  # attempts are refused before
    at: Mapped[datetime]


class Consent(Base):
    """A patient's consent: version and language of the text, and when it was given.

    `given_by`: the person who agreed for the patient, or took the signed paper; None for the patient in the chat."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    version: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    given_at: Mapped[datetime]
    given_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    paper: Mapped[bool] = mapped_column(default=False, server_default=false())  # signed on paper
    withdrawn_at: Mapped[datetime | None]  # taken back


class PatientFacts(EncryptedRow, Base):
    """A patient's own facts: allergies, medicines, pregnancy, weight, kidneys and liver, for the prescription.

    `facts` as `workflow.formulary.checking.patient_from` takes them; a missing name is not known."""

    __tablename__ = "patient_facts"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, autoincrement=False)
    facts: Mapped[dict[str, Any] | None] = mapped_column(Encrypted)
    asked_at: Mapped[datetime]  # last offered, answered or declined

    def aad(self) -> str:
        return f"patient_facts|{self.account_id}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return patient_data_key(connection, info, self.account_id)


class Invite(Base):
    """A single-use staff invitation. Only the hash of its token is stored; the role comes from this row."""

    __tablename__ = "invites"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(enum_column(Role))
    email: Mapped[str | None] = mapped_column(String(254))  # of the person invited; None: any (earlier version)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # None: the command line
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


@event.listens_for(Account, "before_insert", insert=True)  # before the row's columns are encrypted
def _with_a_key(_: Mapper[Account], connection: Connection, account: Account) -> None:
    """Create the person's data key together with the account."""
    session = object_session(account)
    assert session is not None
    account.key_id = create_data_key(connection, session.info[KEKS]).id


def patient_data_key(connection: Connection, info: SessionInfo, account_id: int | None) -> DataKey:
    """Raises Erased."""
    key_id = connection.execute(select(Account.key_id).where(Account.id == account_id)).scalar_one_or_none()
    data_key = find_data_key(connection, info, key_id)
    if data_key is None:
        raise Erased
    return data_key


async def load_patient_key(session: AsyncSession, account_id: int | None) -> DataKey:
    """The data key of this person's files. Raises Erased."""
    return await session.run_sync(lambda sync: patient_data_key(sync.connection(), sync.info, account_id))


class VoiceNote(Base):
    """A voice note of a scan's complaint, or of a message to the staff. The sound is sealed with the patient's key."""

    __tablename__ = "voice_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"), index=True)
    words_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_words.id"), index=True)
    file: Mapped[str] = mapped_column(String(36))  # vault id
    seconds: Mapped[int]
    at: Mapped[datetime]
