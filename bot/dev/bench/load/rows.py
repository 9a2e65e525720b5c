"""Scans in the bench's database: real ones, and very many copies for its size."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Table, insert, select, update

from models.base import Sessions
from models.crypto.vault import Content, Vault
from models.files.folder import FolderStore
from models.tables.accounts import Account, load_patient_key
from models.tables.scans import Scan, ScanEvent
from models.vocabulary import ScanStatus
from workflow import consent
from workflow.actors import actor_of
from workflow.scans import intake

LOT: Final = 10_000  # rows of one statement


async def add_scans(sessions: Sessions, folder: Path, picture: bytes, emails: list[str]) -> None:
    """One new scan for each of these patients, its two files in the vault."""
    vault, now = Vault(FolderStore(folder / "vault")), datetime.now(UTC)
    async with sessions.begin() as session:
        for email in emails:
            account = (await session.scalars(select(Account).where(Account.email == email))).one()
            key = await load_patient_key(session, account.id)
            files = vault.put(picture, key, Content.ORIGINAL), vault.put(picture, key, Content.PICTURE)
            await consent.agree(session, actor_of(account), now)
            await intake.create_scan(session, actor_of(account), intake.Upload(*files, "chest_xray"), now)


async def copy_scans(sessions: Sessions, email: str, count: int) -> None:
    """Copies of this patient's scan that are released, with an event each, and the scan itself released, too.

    Only their number matters: nobody opens them, and nobody who is measured is this patient."""
    async with sessions.begin() as session:
        owner = select(Account.id).where(Account.email == email).scalar_subquery()
        first = (await session.scalars(select(Scan.id).where(Scan.patient_id == owner))).one()
        released = {"status": ScanStatus.REPORT_READY}
        await session.execute(update(_table(Scan)).where(Scan.id == first).values(released))
        row = dict((await session.execute(select(Scan.__table__).where(Scan.id == first))).mappings().one())
        for begin in range(0, count, LOT):
            numbers = range(first + 1000 + begin, first + 1000 + min(begin + LOT, count))
            await session.execute(insert(_table(Scan)), [row | released | {"id": number} for number in numbers])
            event = {"actor_id": row["patient_id"], "role": "patient", "action": "upload", "at": row["created_at"]}
            await session.execute(insert(_table(ScanEvent)), [event | released | {"scan_id": one} for one in numbers])


def _table(mapped: type) -> Table:
    table = mapped.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    return table
