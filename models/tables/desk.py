"""Conversations between somebody who asks and the staff of the desk."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Connection, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, stored
from models.crypto.keys import Info, Secret, house_key
from models.crypto.sealing import Sealed, Sealing
from models.tables.people import Account, key_of_patient


class TicketState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"


class Ticket(Base):
    """Somebody in a chat needs a person. A chat has one that is not closed, at most.

    `urgent`: words of an emergency were typed there; who and when stand here, what was said in `TicketWords`."""

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
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # nobody: a chat without account
    language: Mapped[str] = mapped_column(String(8))
    urgent: Mapped[bool] = mapped_column(default=False)
    state: Mapped[TicketState] = mapped_column(stored(TicketState), default=TicketState.OPEN)
    opened_at: Mapped[datetime]
    alarmed_at: Mapped[datetime | None]  # when the staff was told of a cry last
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    claimed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship(foreign_keys=[account_id], lazy="selectin")
    claimer: Mapped[Account | None] = relationship(foreign_keys=[claimed_by], lazy="selectin")
    words: Mapped[list["TicketWords"]] = relationship(lazy="selectin", order_by="TicketWords.id")


class TicketWords(Sealing, Base):
    """One message of a conversation, kept before it is passed on: a kill loses none."""

    __tablename__ = "ticket_words"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # nobody: the one who asks
    text: Mapped[str] = mapped_column(Sealed)
    at: Mapped[datetime]

    def place(self) -> str:
        return f"ticket_words|{self.ticket_id}|{self.at.timestamp()}"

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        """The asker's own key, or the house's for a chat without account."""
        asker = connection.execute(select(Ticket.account_id).where(Ticket.id == self.ticket_id)).scalar_one()
        return house_key(connection, info) if asker is None else key_of_patient(connection, info, asker)
