"""Columns that lie in the database only sealed: rows are written and read in plain words, whoever handles them.

A sealed column holds any JSON value. It is sealed as the row is flushed and opened as it is loaded, under the key of
the person whom the row is about, bound to table, row and column: words moved to another row do not open. What is
not sealed cannot be written, not even by a statement that goes around the session."""

import json
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, LargeBinary, event
from sqlalchemy.orm import Mapper, QueryContext, Session, object_session
from sqlalchemy.orm.attributes import instance_state, set_committed_value
from sqlalchemy.types import TypeDecorator

from models.crypto.keys import Info, Secret, find_key, sealed_by


class _Shut(bytes):
    """Sealed bytes on their way to the database; `plain` comes back to the row when they are there."""

    plain: Any


class Sealed(TypeDecorator[Any]):
    """The column's type: bytes in the database, any JSON value on the row."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ANN401, ARG002 - the interface
        if value is not None and not isinstance(value, _Shut):
            raise ValueError("plain words on their way to a sealed column")
        return value


class Sealing:
    """A row that has sealed columns says where it stands and whose key seals them."""

    def place(self) -> str:
        raise NotImplementedError

    def key_for_sealing(self, connection: Connection, info: Info) -> Secret:
        """Raises Erased."""
        raise NotImplementedError

    def opened(self) -> None:
        """What a row does once its sealed columns can be read."""


@event.listens_for(Sealing, "before_insert", propagate=True)
@event.listens_for(Sealing, "before_update", propagate=True)
def _shut(mapper: Mapper[Any], connection: Connection, row: Sealing) -> None:
    session, state = object_session(row), instance_state(row)
    assert session is not None
    for name in _sealed(mapper):
        plain = row.__dict__.get(name)
        if plain is not None and state.attrs[name].history.has_changes():
            words = json.dumps(plain, ensure_ascii=False).encode()
            shut = _Shut(row.key_for_sealing(connection, session.info).seal(words, f"{row.place()}|{name}"))
            shut.plain = plain
            setattr(row, name, shut)


@event.listens_for(Sealing, "after_insert", propagate=True)
@event.listens_for(Sealing, "after_update", propagate=True)
def _remember(mapper: Mapper[Any], _: Connection, row: Sealing) -> None:
    for name in _sealed(mapper):
        if isinstance(shut := row.__dict__.get(name), _Shut):
            set_committed_value(row, name, shut.plain)


@event.listens_for(Sealing, "load", propagate=True)
def _loaded(row: Sealing, context: QueryContext | None) -> None:
    if context is not None:  # none: a merge made it, in plain words
        _open(row, context.session)


@event.listens_for(Sealing, "refresh", propagate=True)
def _refreshed(row: Sealing, context: QueryContext, _: Any) -> None:  # noqa: ANN401 - the event's interface
    _open(row, context.session)


def _open(row: Sealing, session: Session) -> None:
    """What an erased person's key sealed is gone: nothing stands there."""
    for name in _sealed(instance_state(row).mapper):
        sealed = row.__dict__.get(name)
        if isinstance(sealed, bytes):
            secret = find_key(session.connection(), session.info, sealed_by(sealed))
            words = secret and secret.open(sealed, f"{row.place()}|{name}")
            set_committed_value(row, name, words and json.loads(words))
    row.opened()


@cache
def _sealed(mapper: Mapper[Any]) -> tuple[str, ...]:
    return tuple(column.key for column in mapper.column_attrs if isinstance(column.columns[0].type, Sealed))
