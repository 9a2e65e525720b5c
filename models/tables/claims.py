"""Claims: the member of staff who works on a scan."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.tables.accounts import Account


class Claim(Base):
    """One member of staff works on a scan until `until`; the row goes when the claim ends."""

    __tablename__ = "claims"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]  # moved on by each act

    holder: Mapped[Account] = relationship(lazy="joined")
