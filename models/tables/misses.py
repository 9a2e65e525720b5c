"""What the FAQ did not know, and what administrators taught it."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.crypto.keys import Info, Secret, house_key
from models.crypto.sealing import Sealed, Sealing

NAME: Final = 32  # characters of a topic's name


class Miss(Sealing, Base):
    """A question that nothing answered, without names and without whoever asked. Alike ones are one row."""

    __tablename__ = "faq_misses"

    id: Mapped[int] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(String(64), unique=True)  # a keyed hash of the language and the words
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Sealed)
    times: Mapped[int]
    last_at: Mapped[datetime]

    def place(self) -> str:
        return f"faq_misses|{self.mark}"

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        return house_key(connection, info)


class Offer(Base):
    """Topics that were offered for a question: whoever presses one of them in time takes the miss back."""

    __tablename__ = "faq_offers"

    token: Mapped[str] = mapped_column(String(16), primary_key=True)
    miss_id: Mapped[int] = mapped_column(ForeignKey("faq_misses.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]


class TaughtPhrase(Base):
    """Words that mean a topic from now on."""

    __tablename__ = "faq_phrases"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(NAME), index=True)
    language: Mapped[str] = mapped_column(String(8))
    phrase: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class TaughtEntry(Base):
    """One answer in one language to a topic that an administrator added."""

    __tablename__ = "faq_entries"

    topic: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    answer: Mapped[str] = mapped_column(String(3000))
    at: Mapped[datetime]
