"""`csss db`: the database."""

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cli.database import command_line_sessions, with_engine
from bot.secrets import master_keys
from bot.settings import Settings
from models.crypto.vault import Vault
from models.post_upgrade import encrypt_files, vacuum
from models.schema import upgrade as migrate

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def db() -> None:
    """The database."""


@app.command()
def upgrade() -> None:
    """Bring the database and the stored files to what this program expects; safe to repeat."""
    with_engine(_upgrade)
    typer.echo("The database is up to date.")


async def _upgrade(settings: Settings, engine: AsyncEngine) -> None:
    changed = await migrate(engine, master_keys(settings))
    async with command_line_sessions(settings, engine)() as session:
        await encrypt_files(session, Vault(settings.data / "vault"))
    if changed:
        await vacuum(engine)
