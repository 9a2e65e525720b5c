"""`csss backup`: an encrypted backup while the bot runs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.backup.create import State, Summary, create
from bot.backup.errors import BackupError
from bot.backup.repository import HEAD, backups_in
from bot.cli.database import command_line_sessions, with_engine
from bot.cli.operator.passphrase import backup_folder, passphrase
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.settings import Settings
from models.schema import revision_of
from workflow.privacy import erasure


def backup(
    folder: Annotated[Path | None, typer.Option(help="Folder of the backups; by default CSSS_BACKUPS.")] = None,
    passphrase_stdin: Annotated[bool, typer.Option(help="Read the passphrase from stdin.")] = False,
    only_list: Annotated[bool, typer.Option("--list", help="List the backups, and make none.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help='{"backup", "files", "new_files", "removed", "missing"}')
    ] = False,
) -> None:
    """Back up database, pictures, reports and keys while the bot runs; read the copy back; remove old backups."""
    settings = settings_or_exit()
    target = backup_folder(settings, folder)
    if only_list:
        typer.echo(json.dumps(backups_in(target)) if as_json else "\n".join(backups_in(target)) or "There is none.")
        return
    secret = passphrase(settings, from_stdin=passphrase_stdin, confirm=not (target / HEAD).exists())
    try:
        made = create(settings, target, secret, with_engine(_state), datetime.now(UTC))
    except DBAPIError:
        fail("the database cannot be used: run `csss doctor`")
    except BackupError as error:
        fail(str(error))
    typer.echo(json.dumps(_facts(made)) if as_json else _sentence(made, target))


async def _state(settings: Settings, engine: AsyncEngine) -> State:
    revision = await revision_of(engine)
    if revision is None:
        fail("there is no database yet: run `csss db upgrade` first")
    async with command_line_sessions(settings, engine)() as session:
        return State(revision, await erasure.destroyed_keys(session))


def _facts(made: Summary) -> dict[str, object]:
    return {"backup": made.name, **{name: value for name, value in made._asdict().items() if name != "name"}}


def _sentence(made: Summary, folder: Path) -> str:
    lines = [f"Backup {made.name} in {folder} is whole: {made.files} files, {made.new_files} of them new."]
    if made.removed:
        lines.append(f"{len(made.removed)} old backups were removed.")
    if made.missing:
        lines.append(
            f"Not in it, since they are settings: {' and '.join(made.missing)}. Keep copies of them elsewhere."
        )
    lines.append("Keep the passphrase elsewhere: without it nobody can open the backup.")
    return "\n".join(lines)
