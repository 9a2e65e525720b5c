"""Steps after a schema upgrade: encrypt old files, and vacuum removed data out of the database files."""

import asyncio
from typing import Any, Final

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from models.crypto.keys import DataKey, find_data_key
from models.crypto.vault import Content, Vault
from models.tables.accounts import Account
from models.tables.scans import AiFinding, Report, Scan

FILE_QUERIES: Final[dict[Content, Select[Any]]] = {
    Content.ORIGINAL: select(Scan.original_file, Account.key_id).join(Account, Scan.patient_id == Account.id),
    Content.PICTURE: select(Scan.picture_file, Account.key_id).join(Account, Scan.patient_id == Account.id),
    Content.HEAT_MAP: select(AiFinding.heatmap_file, Account.key_id)
    .join(Scan, Scan.id == AiFinding.scan_id)
    .join(Account, Scan.patient_id == Account.id)
    .where(AiFinding.heatmap_file.is_not(None)),
    Content.REPORT: select(Report.file, Account.key_id)
    .join(Scan, Scan.id == Report.scan_id)
    .join(Account, Scan.patient_id == Account.id),
    Content.COPY: select(Report.copy_file, Account.key_id)
    .join(Scan, Scan.id == Report.scan_id)
    .join(Account, Scan.patient_id == Account.id)
    .where(Report.copy_file.is_not(None)),
}


VACUUMED_TABLES: Final = (
    *("accounts", "scans", "readings", "prescriptions", "reports", "forms", "data_keys"),
    *("links", "codes", "ticket_words", "findings", "faq_misses", "faq_phrases"),
)
LOOKS, LOOK_INTERVAL = 50, 0.1  # at older readers; seconds between two
NOW_REMOVED: Final = text("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS xid) AS text)")
OLDER_READERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND age(backend_xmin) > age(CAST(CAST(:mark AS text) AS xid))"
)


async def encrypt_files(session: AsyncSession, vault: Vault) -> None:
    """Encrypt vault files written before per-patient keys existed. Idempotent; may be interrupted and run again."""
    for content, query in FILE_QUERIES.items():
        for name, key_id in (await session.execute(query)).all():
            data_key = await session.run_sync(_find_key, key_id)
            if data_key is not None and vault.has(name):
                vault.encrypt_in_place(name, data_key, content)


def _find_key(session: Session, key_id: str | None) -> DataKey | None:
    return find_data_key(session.connection(), session.info, key_id)


async def vacuum(engine: AsyncEngine) -> bool:
    """Rewrite the database files, which otherwise still contain the bytes of removed columns and rows. Idempotent.

    Returns False when a concurrent reader kept SQLite's write-ahead log from being truncated, or still sees
    PostgreSQL's removed rows, which are then copied: run it again."""
    if engine.dialect.name == "postgresql":
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            is_unseen = await _wait_until_unseen(connection)
            for table in VACUUMED_TABLES:
                await connection.exec_driver_sql(f"VACUUM (FULL) {table}")
        return is_unseen
    async with engine.connect() as connection:
        sqlite = (await connection.get_raw_connection()).driver_connection  # VACUUM runs outside a transaction
        assert sqlite is not None
        await sqlite.execute("VACUUM")
        busy, *_ = await (await sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        return not busy


async def _wait_until_unseen(connection: AsyncConnection) -> bool:
    """Wait for a while until no other transaction, ANALYZE included, sees rows that are removed by now."""
    mark = (await connection.execute(NOW_REMOVED)).scalar_one()
    for _ in range(LOOKS):
        if not (await connection.execute(OLDER_READERS, {"mark": mark})).scalar_one():
            return True
        await asyncio.sleep(LOOK_INTERVAL)
    return False
