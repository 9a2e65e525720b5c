"""Proxies: who acts for a patient's file that has no chat of its own, or beside the patient."""

from datetime import datetime

from sqlalchemy import ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, enum_column
from models.tables.accounts import Account
from models.vocabulary import Relation


class Proxy(Base):
    """One account acts for one patient: a relative, or for a walk-in the administrator who registered it."""

    __tablename__ = "proxies"

    patient_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, autoincrement=False)
    proxy_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, autoincrement=False, index=True)
    relation: Mapped[Relation] = mapped_column(enum_column(Relation))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # the patient has claimed the file, or the proxy gave it up

    patient: Mapped[Account] = relationship(foreign_keys=[patient_id], lazy="joined")
    proxy: Mapped[Account] = relationship(foreign_keys=[proxy_id], lazy="joined")


def patients_of(account_id: int | None) -> Select[tuple[int]]:
    """Ids of the patients for whom this account acts as a relative, or as themselves."""
    own = select(Proxy.patient_id).where(Proxy.proxy_id == account_id, Proxy.ended_at.is_(None))
    return own.where(Proxy.relation != Relation.DESK)


def proxies_of(patient_id: int) -> Select[tuple[int]]:
    """Ids of the accounts that act for this patient, without the desk's."""
    acting = select(Proxy.proxy_id).where(Proxy.patient_id == patient_id, Proxy.ended_at.is_(None))
    return acting.where(Proxy.relation != Relation.DESK)


def with_desk(patient_id: int) -> Select[tuple[Proxy]]:
    """The desk's rows of a walk-in that nobody has claimed."""
    return select(Proxy).where(
        Proxy.patient_id == patient_id, Proxy.relation == Relation.DESK, Proxy.ended_at.is_(None)
    )
