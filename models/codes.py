"""One-time codes: only a keyed hash is kept, bound to who, what and which content."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, stored


class Purpose(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    RELEASE = "release"


class Code(Base):
    """`digest` is empty until the mail is about to leave: the code itself exists only in that mail."""

    __tablename__ = "codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(stored(Purpose))
    chat_id: Mapped[int] = mapped_column(BigInteger, index=True)
    email: Mapped[str] = mapped_column(String(254))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    content_sha256: Mapped[str] = mapped_column(String(64), default="")
    digest: Mapped[str] = mapped_column(String(64), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
