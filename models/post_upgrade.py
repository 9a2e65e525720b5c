"""What an upgrade owes besides the schema: files sealed as well, and nothing left of what it took out."""

from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from models.crypto.keys import Secret, find_key
from models.crypto.vault import Content, Vault
from models.tables.people import Account
from models.tables.scans import Finding, Report, Scan

FILES: Final[dict[Content, Select[Any]]] = {
    Content.ORIGINAL: select(Scan.original_file, Account.key_id).join(Account, Scan.patient_id == Account.id),
    Content.PICTURE: select(Scan.picture_file, Account.key_id).join(Account, Scan.patient_id == Account.id),
    Content.HEAT_MAP: select(Finding.heatmap_file, Account.key_id)
    .join(Scan, Scan.id == Finding.scan_id)
    .join(Account, Scan.patient_id == Account.id)
    .where(Finding.heatmap_file.is_not(None)),
    Content.REPORT: select(Report.file, Account.key_id)
    .join(Scan, Scan.id == Report.scan_id)
    .join(Account, Scan.patient_id == Account.id),
    Content.COPY: select(Report.copy_file, Account.key_id)
    .join(Scan, Scan.id == Report.scan_id)
    .join(Account, Scan.patient_id == Account.id)
    .where(Report.copy_file.is_not(None)),
}


WRITTEN_ANEW: Final = (
    *("accounts", "scans", "readings", "prescriptions", "reports", "forms", "data_keys"),
    *("links", "codes", "ticket_words", "findings"),
)


async def seal_files(session: AsyncSession, vault: Vault) -> None:
    """Seal the files that were written before there were keys; safe to repeat, and to break off."""
    for content, asked in FILES.items():
        for name, key_id in (await session.execute(asked)).all():
            secret = await session.run_sync(_find, key_id)
            if secret is not None and vault.has(name):
                vault.seal(name, secret, content)


def _find(session: Session, key_id: str | None) -> Secret | None:
    return find_key(session.connection(), session.info, key_id)


async def scrub(engine: AsyncEngine) -> bool:
    """A removed column or row leaves its bytes in the database's files until they are written anew.

    False: somebody reads there at this moment, and SQLite's log still holds them."""
    if engine.dialect.name == "postgresql":
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            for table in WRITTEN_ANEW:
                await connection.exec_driver_sql(f"VACUUM (FULL) {table}")
        return True
    async with engine.connect() as connection:
        sqlite = (await connection.get_raw_connection()).driver_connection  # no transaction: VACUUM wants none
        assert sqlite is not None
        await sqlite.execute("VACUUM")
        busy, *_ = await (await sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        return not busy
