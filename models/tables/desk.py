"""The desk: its opening hours, and tickets, which are conversations between a chat and the staff."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Connection, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, enum_column
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo, hospital_key
from models.tables.accounts import Account, VoiceNote, patient_data_key


class TicketState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"


class Ticket(Base):
    """A request for a human answer. A chat has at most one ticket that is not closed.

    `urgent`: an emergency was detected. The messages are in `TicketMessage`."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index(
            "uq_tickets_one_open",
            "chat_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # None: a chat without an account
    language: Mapped[str] = mapped_column(String(8))
    urgent: Mapped[bool] = mapped_column(default=False)
    state: Mapped[TicketState] = mapped_column(enum_column(TicketState), default=TicketState.OPEN)
    opened_at: Mapped[datetime]
    alarmed_at: Mapped[datetime | None]  # when staff were last notified of an emergency
    alarms: Mapped[int] = mapped_column(default=0)  # how often they were
    ring: Mapped[int | None]  # id of the message whose job carries the newest alarm, with those of other tickets
    muted_until: Mapped[datetime | None]  # until then the chat rings nobody
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    claimed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship(foreign_keys=[account_id], lazy="selectin")
    claimer: Mapped[Account | None] = relationship(foreign_keys=[claimed_by], lazy="selectin")
    messages: Mapped[list["TicketMessage"]] = relationship(lazy="selectin", order_by="TicketMessage.id")


class TicketMessage(EncryptedRow, Base):
    """One message of a ticket, stored before it is forwarded so that a crash loses none."""

    __tablename__ = "ticket_words"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # None: written by the requester
    text: Mapped[str] = mapped_column(Encrypted)
    at: Mapped[datetime]

    voice: Mapped[VoiceNote | None] = relationship(lazy="selectin", viewonly=True)

    def aad(self) -> str:
        return f"ticket_words|{self.ticket_id}|{self.at.timestamp()}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        """The requester's data key, or the hospital key for a chat without an account. Raises Erased."""
        requester_id = connection.execute(select(Ticket.account_id).where(Ticket.id == self.ticket_id)).scalar_one()
        return (
            hospital_key(connection, info) if requester_id is None else patient_data_key(connection, info, requester_id)
        )


class UrgencyQuestion(EncryptedRow, Base):
    """The question whether a possible emergency is bad right now. A chat has at most one that waits for its answer.

    `bad_now` is None while it waits, and when no answer came. False marks a scan as urgent for the doctor: `scan_id`,
    or the patient's next one within a day."""

    __tablename__ = "urgency_questions"
    __table_args__ = (
        Index(
            "uq_urgency_questions_one_open",
            "chat_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
            sqlite_where=text("answered_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)  # None: no account
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Encrypted)
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    bad_now: Mapped[bool | None]
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"), index=True)

    def aad(self) -> str:
        return f"urgency_questions|{self.chat_id}|{self.asked_at.timestamp()}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        """The patient's data key, or the hospital key for a chat without an account. Raises Erased."""
        if self.account_id is None:
            return hospital_key(connection, info)
        return patient_data_key(connection, info, self.account_id)


class DeskDay(Base):
    """The opening hours of a weekday, from Monday (0) on; no row while those of the settings hold."""

    __tablename__ = "desk_days"

    weekday: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hours: Mapped[str] = mapped_column(String(60))  # "08:00-13:00 14:00-20:00"; empty: closed


class DeskHoliday(Base):
    """A day whose opening hours differ from those of its weekday."""

    __tablename__ = "desk_holidays"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(60))
    hours: Mapped[str] = mapped_column(String(60))  # as of a weekday
