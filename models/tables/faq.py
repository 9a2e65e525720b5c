"""Unanswered FAQ questions, and the phrases and entries that administrators added."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo, hospital_key

TOPIC_LENGTH: Final = 32  # characters


class MissedQuestion(EncryptedRow, Base):
    """A de-identified question without an answer; similar questions share a row."""

    __tablename__ = "faq_misses"

    id: Mapped[int] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(String(64), unique=True)  # keyed hash of language and words
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Encrypted)
    times: Mapped[int]
    last_at: Mapped[datetime]

    def aad(self) -> str:
        return f"faq_misses|{self.mark}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return hospital_key(connection, info)


class SuggestedTopic(Base):
    """Topics suggested for a question. Choosing one in time withdraws the unanswered question."""

    __tablename__ = "faq_offers"

    token: Mapped[str] = mapped_column(String(16), primary_key=True)
    miss_id: Mapped[int] = mapped_column(ForeignKey("faq_misses.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]


class TaughtPhrase(EncryptedRow, Base):
    """A phrase that administrators assigned to a topic."""

    __tablename__ = "faq_phrases"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(TOPIC_LENGTH), index=True)
    language: Mapped[str] = mapped_column(String(8))
    phrase: Mapped[str] = mapped_column(Encrypted)
    at: Mapped[datetime]

    def aad(self) -> str:
        return f"faq_phrases|{self.topic}|{self.language}|{self.at.timestamp()}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return hospital_key(connection, info)


class TaughtEntry(Base):
    """The answer, in one language, of a topic that an administrator added."""

    __tablename__ = "faq_entries"

    topic: Mapped[str] = mapped_column(String(TOPIC_LENGTH), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    answer: Mapped[str] = mapped_column(String(3000))
    at: Mapped[datetime]
