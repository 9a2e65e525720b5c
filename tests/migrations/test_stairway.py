"""Every migration up, down and up again on both databases; the models match the migrated schema."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from models.base import open_engine
from models.schema import config, is_current, metadata, upgrade

Shape = dict[str, tuple[list[tuple[str, str, bool]], list[str], list[str]]]


def shape(connection: Connection) -> Shape:
    """Tables with their columns, indexes and foreign keys, without alembic's own."""
    look = inspect(connection)
    return {
        table: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)),
            sorted(str(index["name"]) for index in look.get_indexes(table)),
            sorted(str(key["name"]) for key in look.get_foreign_keys(table)),
        )
        for table in look.get_table_names()
        if table != "alembic_version"
    }


def revisions() -> list[str]:
    """Oldest first."""
    scripts = ScriptDirectory.from_config(config())
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


async def go(engine: AsyncEngine, direction: str, revision: str) -> Shape:
    move = command.upgrade if direction == "up" else command.downgrade
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: move(config(sync), revision))
    async with engine.connect() as connection:
        return await connection.run_sync(shape)


@pytest.mark.slow
async def test_each_migration_goes_up_down_and_up_again(database: str) -> None:
    """A downgrade restores the previous schema exactly, and the upgrade after it gives the same again."""
    engine = open_engine(database)
    try:
        before: Shape = {}
        for revision in revisions():
            after = await go(engine, "up", revision)
            assert after != before, f"{revision} does nothing"
            assert await go(engine, "down", "-1") == before, f"{revision} leaves something behind"
            assert await go(engine, "up", revision) == after, f"{revision} is not the same the second time"
            before = after
        assert await go(engine, "down", "base") == {}
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_the_models_say_what_the_migrations_made(engine: AsyncEngine) -> None:
    """A changed model without a migration fails here."""
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_constraints_have_the_names_that_a_later_migration_can_find(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        made = await connection.run_sync(
            lambda sync: {
                (table, str(key["name"]))
                for table in metadata.tables
                for key in [*inspect(sync).get_foreign_keys(table), *inspect(sync).get_unique_constraints(table)]
            }
        )
    named = {
        (table.name, str(constraint.name))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if type(constraint).__name__ in {"ForeignKeyConstraint", "UniqueConstraint"}
    }
    assert made == named


async def test_the_bot_knows_whether_the_database_fits(database: str) -> None:
    engine = open_engine(database)
    try:
        assert not await is_current(engine)
        await upgrade(engine)
        assert await is_current(engine)
        await upgrade(engine)
        assert await is_current(engine)
        await go(engine, "down", "-1")
        assert not await is_current(engine)
    finally:
        await engine.dispose()


def test_the_history_is_one_line() -> None:
    """With two heads the order of an upgrade is undefined."""
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1
