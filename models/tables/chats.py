"""Chat state: handled updates, unfinished forms, live scan cards, the language of chats without an account.

Of browsers: their subscriptions to notices."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.crypto.columns import Encrypted, EncryptedRow
from models.crypto.keys import DataKey, SessionInfo, hospital_key
from models.tables.accounts import patient_data_key


class HandledUpdate(Base):
    """A Telegram update whose effects are committed; recorded because Telegram may deliver it again."""

    __tablename__ = "handled_updates"

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)


class Form(EncryptedRow, Base):
    """State and data of an unfinished aiogram form, kept across restarts."""

    __tablename__ = "forms"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    state: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any]] = mapped_column(Encrypted, nullable=True)

    def aad(self) -> str:
        return f"forms|{self.key}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return hospital_key(connection, info)


class ChatLanguage(Base):
    """The language chosen in a chat that has no account yet; an account has its own."""

    __tablename__ = "chat_languages"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(String(8))
    chosen_at: Mapped[datetime] = mapped_column(index=True)


class Card(Base):
    """The message that shows a scan in a chat; it is edited in place."""

    __tablename__ = "cards"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger)
    heat_map: Mapped[bool] = mapped_column(default=False)  # True: shows the heat map; False: the scan


class PushSubscription(EncryptedRow, Base):
    """A signed-in browser that gets notices by Web Push; deleted with its session.

    `target`: endpoint, p256dh and auth, as the browser's `PushSubscription.toJSON` gives them."""

    __tablename__ = "push_subscriptions"

    session_id: Mapped[int] = mapped_column(
        ForeignKey("browser_sessions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    target: Mapped[dict[str, str]] = mapped_column(Encrypted, nullable=True)
    endpoint_hash: Mapped[str | None] = mapped_column(String(64), index=True)  # finds the same browser
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]  # last notice

    @property
    def endpoint(self) -> str:
        """The address of this browser at its push service, a secret: anybody may send there."""
        return self.target["endpoint"]

    def aad(self) -> str:
        return f"push_subscriptions|{self.session_id}"

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        return patient_data_key(connection, info, self.account_id)
