"""A clinic's database copied into another database server: all rows as they are stored, in lots, resumable.

Ciphertext stays ciphertext; vault and keys in the data folder serve the copy as they served the original."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    LargeBinary,
    String,
    TableClause,
    Text,
    cast,
    collate,
    column,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import TypeDecorator, TypeEngine

from bot.backup.errors import BackupError
from models.base import READ_ONLY
from models.crypto.columns import Encrypted
from models.schema import SchemaState, metadata, schema_state, upgrade

LOT: Final = 1000  # rows of one transaction
TABLES: Final = {one.name: one for one in metadata.sorted_tables}  # referred tables before those that refer to them
Rows = Sequence[tuple[Any, ...]]


class _JsonText(TypeDecorator[str]):
    """A JSON column as the text that is stored, so that a copy changes no sign of it."""

    impl = Text
    cache_ok = True

    def bind_expression(self, bindparam: Any) -> ColumnElement[Any]:  # noqa: ANN401 - the interface
        return cast(type_coerce(bindparam, Text), JSON)

    def column_expression(self, column: Any) -> ColumnElement[Any]:  # noqa: ANN401 - the interface
        return cast(column, Text)


async def prepare(source: AsyncEngine, target: AsyncEngine) -> None:
    """Give the target this version's tables. Raises BackupError for a source or target that cannot be used."""
    if await schema_state(source) is not SchemaState.CURRENT:
        raise BackupError("the database that is to be copied is not up to date: run `csss db upgrade` first")
    match await schema_state(target):
        case SchemaState.EMPTY:
            async with target.connect() as connection:
                if await connection.run_sync(lambda sync: inspect(sync).get_table_names()):
                    raise BackupError("the target holds tables of something else: give it an empty database")
            await upgrade(target)
        case SchemaState.BEHIND | SchemaState.AHEAD:
            raise BackupError("the target belongs to another version of the program: give it an empty database")


async def copy_table(source: AsyncEngine, target: AsyncEngine, name: str) -> int:
    """Add the rows that the target lacks, a lot in each transaction; returns how many there are.

    Goes on behind what an interrupted copy left. Raises BackupError for a target with rows of its own."""
    total = 0
    async with source.connect() as rows_from:
        await rows_from.execution_options(**{READ_ONLY: True})
        while read := await _rows(rows_from, name, total):
            total += len(read)
            async with target.begin() as rows_to:
                held = await _rows(rows_to, name, total - len(read))
                if held != read[: len(held)]:
                    raise BackupError(f"the target has other rows in {name}: give it an empty database")
                if missing := [dict(zip(_names(name), row, strict=True)) for row in read[len(held) :]]:
                    await rows_to.execute(insert(_bare(name)), missing)
        async with target.connect() as rows_to:
            if await _rows(rows_to, name, total):
                raise BackupError(f"the target has more rows in {name}: give it an empty database")
    return total


async def set_sequences(target: AsyncEngine) -> None:
    """Let new rows have numbers above the copied ones. Idempotent; PostgreSQL alone needs it."""
    async with target.begin() as connection:
        for name, one in TABLES.items():
            for key in one.primary_key:
                sequence = await connection.scalar(
                    select(func.pg_get_serial_sequence(literal(name), literal(key.name)))
                )
                newest = await connection.scalar(select(func.max(_bare(name).c[key.name]))) if sequence else None
                if newest:
                    await connection.execute(select(func.setval(literal(sequence), newest)))


async def _rows(connection: AsyncConnection, name: str, after: int) -> Rows:
    """A lot of rows behind the first `after`, in the order of the primary key, the same on every database."""
    bare = _bare(name)
    order = [_ordered(bare.c[key.name], key.type, connection) for key in TABLES[name].primary_key]
    found = await connection.execute(select(*bare.c).order_by(*order).limit(LOT).offset(after))
    return [tuple(row) for row in found]


def _ordered(key: ColumnElement[Any], kind: TypeEngine[Any], connection: AsyncConnection) -> ColumnElement[Any]:
    """By code points, whatever language the server sorts by."""
    if not isinstance(kind, String):
        return key
    return collate(type_coerce(key, String), "C" if connection.dialect.name == "postgresql" else "BINARY")


def _bare(name: str) -> TableClause:
    """The table with types that neither decrypt nor read JSON."""
    return table(name, *(column(one.name, _plain(one.type)) for one in TABLES[name].columns))


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, Encrypted):
        return LargeBinary()
    return _JsonText() if isinstance(kind, JSON) else kind


def _names(name: str) -> list[str]:
    return [one.name for one in TABLES[name].columns]
