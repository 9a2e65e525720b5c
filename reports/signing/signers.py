"""Signers of a report and the folder of their keys, as plain values for the PDF pool."""

from pathlib import Path
from typing import NamedTuple


class Holder(NamedTuple):
    """The subject of a certificate, as PDF viewers show it."""

    name: str
    hospital: str
    role: str | None = None  # None: the authority itself
    registration: str | None = None


class Signer(NamedTuple):
    """One signer. `role` names the signature field and, with the account id, the key."""

    role: str
    account_id: int
    holder: Holder
    reason: str

    @property
    def key(self) -> str:
        return f"{self.account_id}-{self.role}"


class KeyFolder(NamedTuple):
    """Folder of the signing keys, each encrypted with `passphrase`."""

    path: Path
    passphrase: bytes

    def __repr__(self) -> str:
        return f"KeyFolder({self.path})"


class SignedReport(NamedTuple):
    """The signed PDF/A-3 (master) that is archived, and the encrypted signed copy for email."""

    master: bytes
    copy: bytes
