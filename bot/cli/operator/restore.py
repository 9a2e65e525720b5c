"""`csss restore`: a backup into an empty installation."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.backup.errors import BackupError
from bot.backup.repository import destroyed_keys
from bot.backup.restore import Restored, open_backup
from bot.backup.restore import restore as restore_backup
from bot.cli.database import audit_key, command_line_sessions, with_engine
from bot.cli.operator.passphrase import backup_folder, passphrase
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.data_folder import RESTORING, InUse, only_bot
from bot.observability.audit_anchor import read_anchors
from bot.observability.audit_verification import VERIFIED_FILE, Way, outcome, store
from bot.secrets import anchor_key, master_keys, secret_key
from bot.settings import Settings
from models.crypto.keys import KEKS, has_unknown_kek
from models.schema import is_known, upgrade
from workflow.audit import chain
from workflow.privacy import erasure


def restore(
    name: Annotated[
        str | None, typer.Argument(help="Which backup, as `csss backup --list` names it; the newest.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder of the backups; by default CSSS_BACKUPS.")] = None,
    passphrase_stdin: Annotated[bool, typer.Option(help="Read the passphrase from stdin.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help='{"backup", "files", "erased_again", "rows"}')] = False,
) -> None:
    """Restore a backup where there is no database yet; people who were erased since are erased again.

    May be repeated after an interruption. Stop the bot that used the data before: two bots would answer."""
    settings = settings_or_exit()
    source = backup_folder(settings, folder)
    try:
        with only_bot(settings.data, settings.database_url, restores=True):
            restored, again, rows = _restore(settings, source, passphrase(settings, from_stdin=passphrase_stdin), name)
    except DBAPIError:
        fail("the database cannot be used: look at CSSS_DATABASE")
    except (BackupError, InUse) as error:
        fail(str(error))
    if as_json:
        typer.echo(
            json.dumps({"backup": restored.backup, "files": restored.files, "erased_again": again, "rows": rows})
        )
        return
    typer.echo(
        f"Backup {restored.backup} is restored: {restored.files} files; the audit chain is whole with {rows} rows."
    )
    if again:
        typer.echo(f"{again} people who were erased after the backup were erased again.")
    typer.echo("Run `csss doctor`, then start the bot.")


def _restore(settings: Settings, source: Path, secret: str, name: str | None) -> tuple[Restored, int, int]:
    """Restore, or end a restore that was interrupted. Returns people erased again and audit rows, too."""
    unfinished = settings.data / RESTORING
    empty = with_engine(_is_empty)
    if not empty and not unfinished.exists():
        fail("there is a database already: name an empty CSSS_DATA (or database), or move the old one away")
    begun = None if empty else unfinished.read_text(encoding="ascii")
    repository, backup, manifest = open_backup(source, secret, begun or name)
    if not is_known(manifest["revision"]):
        fail("the backup was made by a newer version of the program: install that version first")
    if empty:
        restored = restore_backup(settings, repository, backup, manifest)
    else:
        restored = Restored(backup, 0, destroyed_keys(source))
    again, rows = with_engine(lambda settings, engine: _bring_up(settings, engine, restored))
    unfinished.unlink(missing_ok=True)
    return restored, again, rows


async def _is_empty(_: Settings, engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return not await connection.run_sync(lambda sync: inspect(sync).get_table_names())


async def _bring_up(settings: Settings, engine: AsyncEngine, restored: Restored) -> tuple[int, int]:
    """Upgrade the schema, erase again, record the restore, verify the chain. Returns people erased and audit rows."""
    await upgrade(engine, master_keys(settings))
    now = datetime.now(UTC)
    sessions = command_line_sessions(settings, engine)
    async with sessions.begin() as session:
        if await has_unknown_kek(session, session.info[KEKS]):
            raise BackupError("the keys at hand do not open this database: put back the master.key of that time")
        again = await erasure.repeat_erasures(session, restored.destroyed, now)
        await chain.record(session, None, chain.AuditEvent("restore", "setting", restored.backup), now)
    async with sessions() as session:
        key = anchor_key(secret_key(settings))
        anchors = read_anchors(settings.data / "audit-anchors.txt", key)
        fault = await chain.verify(session, audit_key(settings), anchors.known)
        rows = (await chain.head(session)).seq
    store(settings.data / VERIFIED_FILE, key, outcome(rows, fault, anchors, Way.RESTORE, now))
    if fault is not None:
        raise BackupError(f"restored, but the audit chain is broken at row {fault.seq}: see `csss audit verify`")
    return again, rows
