"""Databases made once for each test process and copied for each test, since migrating is most of a start."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from pydantic import SecretStr
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.app import App, Engines, build_app
from bot.dev.demo import CAST, add_cast, demo_settings
from bot.dev.sandbox import Sandbox
from bot.settings import Settings
from models.base import open_engine
from models.schema import upgrade
from models.tables.accounts import ChatLink
from models.tables.jobs import Job
from tests.support.databases import create_postgres, drop_postgres, new_postgres
from tests.support.once import share_statements

KEYS: Final = {
    "secret_key": SecretStr("the tests' own secret key, thirty-two characters"),
    "master_key": SecretStr("the tests' own master key of thirty-two characters"),
}


class Template:
    """A SQLite database at the newest schema with the cast in it."""

    def __init__(self, folder: Path, people: list[dict[str, Any]]) -> None:
        self._file, self._people = folder / "clinic.db", people

    async def furnish(self, app: App, sandbox: Sandbox) -> list[dict[str, Any]]:
        """Copy the database below the app's data folder and bring its people into the sandbox."""
        chats = [sandbox.person(one.name, one.role, started=True) for one in CAST]
        assert chats == [one["chat_id"] for one in self._people]
        copy_sqlite(self._file, app.settings.data / "clinic.db")
        share_statements(app.engine)
        async with app.services.sessions.begin() as session:
            await session.execute(update(ChatLink).values(seen_at=datetime.now(UTC)))
        return self._people


async def make_template(engines: Engines) -> Template:
    folder = Path(mkdtemp(prefix="csss-template-"))
    async with Sandbox() as sandbox, build_app(demo_settings(sandbox, folder, **KEYS), engines) as app:
        await upgrade(app.engine)
        people = await add_cast(app.services.sessions, sandbox)
        async with app.services.sessions.begin() as session:  # eight menus, which nearly no test looks at
            await session.execute(delete(Job))
    return Template(folder, people)


def copy_sqlite(source: Path, target: Path) -> None:
    """Through SQLite's own backup, which includes the write-ahead log."""
    with sqlite3.connect(source) as one, sqlite3.connect(target) as other:
        one.backup(other)


_made: list[Template] = []


async def template(engines: Engines) -> Template:
    """The template of this process."""
    if not _made:
        _made.append(await make_template(engines))
    return _made[0]


_migrated: list[Path] = []


async def migrate(engine: AsyncEngine) -> None:
    """Bring an empty SQLite database to the newest schema, by a copy of one that was migrated before.

    One of PostgreSQL was made with the schema, by `postgres_template`."""
    if engine.dialect.name != "sqlite":
        async with engine.connect():
            share_statements(engine)
        return
    share_statements(engine)
    if not _migrated:
        file = Path(mkdtemp(prefix="csss-migrated-")) / "clinic.db"
        first = open_engine(f"sqlite+aiosqlite:///{file}")
        await upgrade(first)
        await first.dispose()
        _migrated.append(file)
    assert engine.url.database
    copy_sqlite(_migrated[0], Path(engine.url.database))


_template: list[str] = []


async def postgres_template() -> str:
    """The name of a database of PostgreSQL at the newest schema, to copy. Raises OperationalError."""
    if not _template:
        name, url = new_postgres()
        await create_postgres(name)
        first = open_engine(url)
        await upgrade(first)
        await first.dispose()
        _template.append(name)
    return _template[0]


async def drop_template() -> None:
    while _template:
        await drop_postgres(_template.pop())


def environment(settings: Settings) -> dict[str, str]:
    """The variables with which a `csss` command opens the clinic's own data."""
    keys = {"CSSS_SECRET_KEY": settings.secret_key, "CSSS_MASTER_KEY": settings.master_key}
    opened = {name: key.get_secret_value() for name, key in keys.items() if key is not None}
    return {"CSSS_BOT_TOKEN": settings.bot_token.get_secret_value(), "CSSS_DATA": str(settings.data), **opened}
