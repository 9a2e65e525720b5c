"""Checks of what is stored: database, migrations, keys, signing authority, audit record, jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.backup.repository import backups_in, time_of
from bot.observability.audit_anchor import Anchors, read_anchors
from bot.observability.audit_verification import VERIFIED_FILE, Result, last_verification
from bot.secrets import KEY_FILE, MASTER_FILE, anchor_key, derive, master_keys, secret_key, signing_keys
from bot.self_check.machine import OTHERS
from bot.self_check.outcome import Context, NoDatabase, Outcome, green, red, yellow
from models.base import READ_ONLY, read_only
from models.crypto.keys import KEKS, has_unknown_kek
from models.schema import SchemaState, schema_state
from models.tables.jobs import Job
from reports.signing.authority import EncryptedKey, certificate
from reports.signing.keyring import AUTHORITY
from reports.signing.signers import KeyFolder
from workflow.audit import chain

EXPIRES_SOON: Final = timedelta(days=60)
BACKUP_YELLOW: Final = timedelta(hours=30)
BACKUP_RED: Final = timedelta(days=4)
QUEUE_AGE: Final = timedelta(minutes=5)
ANCHOR_AGE: Final = timedelta(days=1)
LOST: Final = "Put it back from your copy; without it what it locked stays locked."
SEALED: Final = {KEY_FILE: "audit", MASTER_FILE: "data_keys"}  # the tables whose rows need the key


async def database(context: Context) -> Outcome:
    """The database answers, and a SQLite file is whole."""
    try:
        engine = context.require_engine()
        async with reading(engine) as connection:
            if engine.dialect.name == "sqlite":
                found = (await connection.execute(text("PRAGMA quick_check(1)"))).scalar()
                if found != "ok":
                    return red("the database file is damaged", "Stop the bot and restore a backup: `csss restore`.")
            else:
                await connection.execute(text("SELECT 1"))
    except NoDatabase:
        return red("there is no database yet", "Run `csss db upgrade`.")
    except DBAPIError as error:
        return red(f"the database cannot be used ({type(error).__name__})", _remedy(context))
    return green(engine.dialect.name)


def _remedy(context: Context) -> str:
    if context.settings.database is None:
        return "Look whether CSSS_DATA names the right folder; else stop the bot and restore a backup: `csss restore`."
    return "Look whether the server runs and CSSS_DATABASE names it, its user and the password."


async def migrations(context: Context) -> Outcome:
    """The schema is this program's."""
    match await schema_state(context.require_engine()):
        case SchemaState.CURRENT:
            return green("up to date")
        case SchemaState.AHEAD:
            return red(
                "the database belongs to a newer version", "Install that version again, or restore an older backup."
            )
        case _:
            return red("the database is behind this program", "Stop the bot and run `csss db upgrade`.")


async def keys(context: Context) -> Outcome:
    """The keys are there, closed to others, and those under which the data was encrypted and sealed."""
    settings = context.settings
    given = {KEY_FILE: settings.secret_key, MASTER_FILE: settings.master_key}
    paths = [settings.data / name for name, value in given.items() if value is None]
    for path in paths:
        if not path.exists():
            if context.engine is not None and await _has_rows(context.engine, SEALED[path.name]):
                return red(f"{path.name} cannot be found", LOST)
            return yellow(f"{path.name} is not made yet", "The first start makes it; then keep a copy elsewhere.")
    async with read_only(context.sessions(derive(secret_key(settings), "audit"), master_keys(settings))) as session:
        if await has_unknown_kek(session, session.info[KEKS]):
            return red("no master key at hand opens this database", LOST)
        if not await chain.fits_key(session):
            return red("the secret key did not seal this audit record", LOST)
    if loose := " and ".join(path.name for path in paths if path.stat().st_mode & OTHERS):
        return yellow(f"{loose} can be read by others", f"chmod -R go= {settings.data}")
    return green("secret key and master key fit the data")


async def _has_rows(engine: AsyncEngine, table: str) -> bool:
    async with reading(engine) as connection:
        return (await connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1"))).first() is not None  # noqa: S608 - a constant


async def signing(context: Context) -> Outcome:
    """The authority that certifies the signing keys can be opened and lasts."""
    path = context.settings.data / "signing" / f"{AUTHORITY}.p12"
    if not path.exists():
        return green("made with the first report")
    if not has_secret_key(context):
        return yellow("not looked at: there is no secret key", "Mend `keys` first.")
    folder = signing_keys(context.settings)
    return await asyncio.to_thread(_authority, folder, path, context)


def _authority(folder: KeyFolder, path: Path, context: Context) -> Outcome:
    try:
        left = certificate(EncryptedKey(path.read_bytes(), folder.passphrase)).not_valid_after_utc - context.now
    except (ValueError, OSError):
        return red("the signing authority cannot be opened", "Put back folder `signing` and secret key together.")
    if left < timedelta():
        return red("the signing authority has expired", "Run `csss keys renew`.")
    if left < EXPIRES_SOON:
        return yellow(f"the signing authority expires in {left.days} days", "Run `csss keys renew`.")
    return green(f"the authority is valid for {left.days} days")


async def anchors(context: Context) -> Outcome:
    """The audit record was whole when it was last verified; copies of its head lie outside the database, unchanged."""
    async with reading(context.require_engine()) as connection:
        newest = (await connection.execute(text("SELECT max(seq) FROM audit"))).scalar() or 0
    if not newest:
        return green("no act is recorded yet")
    if not has_secret_key(context):
        return yellow("not looked at: there is no secret key", "Mend `keys` first.")
    key = anchor_key(secret_key(context.settings))
    verified = last_verification(context.settings.data / VERIFIED_FILE, key)
    if verified is not None and verified.result is not Result.WHOLE:
        return red(f"not whole when it was verified at {verified.at:%Y-%m-%dT%H:%MZ}", "Run `csss audit verify`.")
    known = read_anchors(context.settings.data / "audit-anchors.txt", key)
    return _compare_anchors(known, newest, f"{context.now - ANCHOR_AGE:%Y-%m-%dT%H:%MZ}")


def _compare_anchors(known: Anchors, newest: int, old: str) -> Outcome:
    """`newest`: the last row of the record; `old`: the time before which an anchor should have a successor."""
    if known.broken_line:
        return red(f"line {known.broken_line} of audit-anchors.txt was changed", "Run `csss audit verify`.")
    if not known.known:
        return yellow("no anchor vouches for the audit record", "Start the bot: it writes one every hour.")
    if known.known[-1].seq > newest:
        return red("the audit record ends before its newest anchor", "Run `csss audit verify`: rows were cut off.")
    if newest > known.known[-1].seq and known.since < old:
        return yellow(f"the newest anchor is of {known.since}", "Start the bot: it writes one every hour.")
    return green(f"{len(known.known)}, the newest of {known.since}")


def has_secret_key(context: Context) -> bool:
    """Asking for a missing key would make one."""
    return context.settings.secret_key is not None or (context.settings.data / KEY_FILE).exists()


async def backups(context: Context) -> Outcome:
    """The newest backup is young and lies on another disk."""
    folder = context.settings.backups
    if folder is None:
        return yellow("CSSS_BACKUPS names no folder", "Set it, and run `csss backup` every night.")
    known = backups_in(folder)
    if not known:
        return red(f"there is no backup in {folder}", "Run `csss backup`, every night from now on.")
    age = context.now - time_of(known[-1])
    state = f"{len(known)}, the newest {age.total_seconds() / 3600:.0f} hours old"
    if age > BACKUP_RED:
        return red(state, "Run `csss backup`, and look why it did not run.")
    if age > BACKUP_YELLOW:
        return yellow(state, "Look why `csss backup` did not run last night.")
    if context.settings.data.exists() and folder.stat().st_dev == context.settings.data.stat().st_dev:
        return yellow(f"{state}, on the same disk as the data", "Name a folder on another disk or machine.")
    return green(state)


async def jobs(context: Context) -> Outcome:
    """Due jobs are not waiting for long."""
    waiting = select(func.min(Job.run_at)).where(Job.ended_at.is_(None), Job.run_at <= context.now)
    async with reading(context.require_engine()) as connection:
        oldest = (await connection.execute(waiting)).scalar()
    waited = context.now - oldest if oldest else timedelta()
    if waited > QUEUE_AGE:
        return yellow(
            f"the oldest due job has waited for {waited.total_seconds() // 60:.0f} minutes",
            "Look whether the bot runs, and what its log says of jobs that failed.",
        )
    return green("nothing waits for long")


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that on SQLite takes no write lock: a running bot goes on."""
    async with engine.connect() as connection:
        yield await connection.execution_options(**{READ_ONLY: True})
