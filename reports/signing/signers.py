"""Whose hands sign a report, and where their keys lie: plain values that the bot can send to the press."""

from pathlib import Path
from typing import NamedTuple


class Holder(NamedTuple):
    """Whose key it is, as viewers of the report will name them."""

    name: str
    hospital: str
    role: str | None = None  # None: the authority itself
    registration: str | None = None


class Hand(NamedTuple):
    """One signature. `role` names its field in the PDF and, with the account's number, the key."""

    role: str
    account_id: int
    holder: Holder
    reason: str

    @property
    def key(self) -> str:
        return f"{self.account_id}-{self.role}"


class KeyFolder(NamedTuple):
    """Where the clinic's signing keys lie, each sealed with the passphrase."""

    path: Path
    passphrase: bytes

    def __repr__(self) -> str:
        return f"KeyFolder({self.path})"


class Printed(NamedTuple):
    """A report on paper: the signed PDF/A-3 that the clinic keeps, and the encrypted copy that may travel."""

    master: bytes
    copy: bytes
