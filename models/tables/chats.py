"""What is known of the conversations themselves: updates that had their effect, forms half filled in, live messages."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.crypto.keys import Info, Secret, house_key
from models.crypto.sealing import Sealed, Sealing


class HandledUpdate(Base):
    """An update whose effect is in the database. Telegram may send it again."""

    __tablename__ = "handled_updates"

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)


class Form(Sealing, Base):
    """An unfinished form of aiogram's state machine, so that a restart loses no typed word."""

    __tablename__ = "forms"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    state: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any]] = mapped_column(Sealed, nullable=True)

    def place(self) -> str:
        return f"forms|{self.key}"

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        return house_key(connection, info)


class Card(Base):
    """The one live message that shows a scan in a chat, edited in place."""

    __tablename__ = "cards"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger)
    heat_map: Mapped[bool] = mapped_column(default=False)  # which of its two pictures it shows
