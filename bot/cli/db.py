"""`csss db`: the database."""

import asyncio
from functools import partial
from typing import Annotated

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.backup import transfer
from bot.backup.database import BEFORE_UPGRADE, copy_sqlite, is_sqlite, sqlite_file
from bot.backup.errors import BackupError
from bot.cli.database import audit_key, command_line_sessions, with_engine
from bot.cli.refusal import fail
from bot.data_folder import InUse, only_bot
from bot.files.places import folder_store
from bot.secrets import master_keys
from bot.settings import Settings
from faq.answer import load
from models.base import open_engine
from models.crypto.vault import Vault
from models.post_upgrade import encrypt_files, vacuum
from models.schema import SchemaState, pending_migrations, schema_state
from models.schema import upgrade as migrate
from workflow.audit import chain
from workflow.faq.unanswered import forget_unknown_words

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def db() -> None:
    """The database."""


@app.command()
def upgrade() -> None:
    """Bring the database and the stored files to what this program expects; safe to repeat.

    It says what it will do, and keeps a copy of a SQLite database from before, until the next upgrade."""
    with_engine(_upgrade)
    typer.echo("The database is up to date.")


async def _upgrade(settings: Settings, engine: AsyncEngine) -> None:
    match await schema_state(engine):
        case SchemaState.AHEAD:
            fail(
                "this database belongs to a newer version of the program, and there is no way back: install that "
                "version again, or restore a backup from before the upgrade into an empty folder (`csss restore`)"
            )
        case SchemaState.BEHIND:
            pending = await pending_migrations(engine)
            typer.echo("\n".join([f"{len(pending)} migrations will run:", *pending]))
            await asyncio.to_thread(_keep_copy, settings)
    changed = await migrate(engine, master_keys(settings))
    if not settings.files_bucket:  # a bucket never gets a file that is not encrypted
        async with command_line_sessions(settings, engine)() as session:
            await encrypt_files(session, Vault(folder_store(settings)))
    if changed:
        async with command_line_sessions(settings, engine).begin() as session:
            await forget_unknown_words(session, load().kept_words)
        await vacuum(engine)


def _keep_copy(settings: Settings) -> None:
    """A copy of a SQLite database beside it; on PostgreSQL only the advice. Exits where the copy fails."""
    if not is_sqlite(settings.database_url):
        typer.echo("Make sure that there is a backup: `csss backup`.")
        return
    copy = settings.data / BEFORE_UPGRADE
    partial = copy.with_suffix(".partial")
    try:
        partial.unlink(missing_ok=True)
        copy_sqlite(sqlite_file(settings.database_url), partial)
        partial.replace(copy)
    except BackupError as error:
        fail(str(error))
    except OSError as error:
        partial.unlink(missing_ok=True)
        fail(f"no copy can be made before the upgrade ({error.strerror}): make room on the disk of {settings.data}")
    typer.echo(f"The database as it was before is kept in {copy}.")


@app.command("copy")
def copy_to(
    to: Annotated[str, typer.Option("--to", help="postgresql+psycopg://user@host/database, empty or begun by this.")],
) -> None:
    """Copy the clinic into a PostgreSQL database; stop the bot before. Safe to repeat: it goes on where it was ended.

    Compares every row, and the audit chain, afterwards. The data folder (pictures, keys) stays where it is.
    A password goes into PGPASSWORD or ~/.pgpass: others see a command line."""
    try:
        is_server = make_url(to).get_backend_name() == "postgresql"
    except ArgumentError:
        is_server = False
    if not is_server:
        fail("--to takes the address of a PostgreSQL database: postgresql+psycopg://user@host/database")
    try:
        with_engine(partial(_copy, to))
    except (BackupError, InUse) as error:
        fail(str(error))
    except (DBAPIError, OSError):
        fail("a database cannot be reached, or refuses this: look at --to and CSSS_DATABASE, then run this again")
    typer.echo("Everything is copied. Set CSSS_DATABASE to the new address and start the bot; keep the old file until")
    typer.echo("you have seen it work, then delete it: nothing that happens from now on is written there.")


async def _copy(to: str, settings: Settings, engine: AsyncEngine) -> None:
    target = open_engine(to)
    try:
        with only_bot(settings.data, settings.database_url):
            await transfer.prepare(engine, target)
            for name in transfer.TABLES:
                typer.echo(f"{name}: {await transfer.copy_table(engine, target, name)} rows")
            await transfer.set_sequences(target)
            for name in transfer.TABLES:  # every row once more, from the disk
                await transfer.copy_table(engine, target, name)
            async with command_line_sessions(settings, target)() as session:
                if fault := await chain.verify(session, audit_key(settings)):
                    raise BackupError(f"the audit chain is broken at row {fault.seq}: run `csss audit verify`")
    finally:
        await target.dispose()
