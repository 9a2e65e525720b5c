"""Transparently encrypted columns: ciphertext in the database, plain values on the mapped rows.

An encrypted column holds any JSON value. It is encrypted at flush and decrypted at load, under the data key of the
person whom the row is about. The associated data names table, row and column, so that a ciphertext moved elsewhere
does not decrypt. Plain values are refused on the way to the database, also in statements outside the session."""

import json
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, LargeBinary, event
from sqlalchemy.orm import Mapper, QueryContext, Session, object_session
from sqlalchemy.orm.attributes import instance_state, set_committed_value
from sqlalchemy.types import TypeDecorator

from models.crypto.keys import DataKey, SessionInfo, find_data_key, key_id_of


class _Ciphertext(bytes):
    """Ciphertext during a flush; `plain` is put back on the row afterwards."""

    plain: Any


class Encrypted(TypeDecorator[Any]):
    """Column type: ciphertext in the database, any JSON value on the row. Raises ValueError for a plain value."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ANN401, ARG002 - the interface
        if value is not None and not isinstance(value, _Ciphertext):
            raise ValueError("a plain value for an encrypted column")
        return value


class EncryptedRow:
    """Mixin of tables with encrypted columns."""

    def aad(self) -> str:
        """Associated data that identifies the row; stored ciphertexts depend on it."""
        raise NotImplementedError

    def data_key(self, connection: Connection, info: SessionInfo) -> DataKey:
        """The data key of the person whom the row is about. Raises Erased."""
        raise NotImplementedError

    def on_decrypted(self) -> None:
        """Called after the columns were decrypted."""


@event.listens_for(EncryptedRow, "before_insert", propagate=True)
@event.listens_for(EncryptedRow, "before_update", propagate=True)
def _encrypt(mapper: Mapper[Any], connection: Connection, row: EncryptedRow) -> None:
    session, state = object_session(row), instance_state(row)
    assert session is not None
    for name in _encrypted_columns(mapper):
        plain = row.__dict__.get(name)
        if plain is not None and state.attrs[name].history.has_changes():
            plaintext = json.dumps(plain, ensure_ascii=False).encode()
            ciphertext = _Ciphertext(row.data_key(connection, session.info).encrypt(plaintext, f"{row.aad()}|{name}"))
            ciphertext.plain = plain
            setattr(row, name, ciphertext)


@event.listens_for(EncryptedRow, "after_insert", propagate=True)
@event.listens_for(EncryptedRow, "after_update", propagate=True)
def _restore_plain(mapper: Mapper[Any], _: Connection, row: EncryptedRow) -> None:
    for name in _encrypted_columns(mapper):
        if isinstance(ciphertext := row.__dict__.get(name), _Ciphertext):
            set_committed_value(row, name, ciphertext.plain)


@event.listens_for(EncryptedRow, "load", propagate=True)
def _loaded(row: EncryptedRow, context: QueryContext | None) -> None:
    if context is not None:  # None: created by a merge, with plain values
        _decrypt(row, context.session)


@event.listens_for(EncryptedRow, "refresh", propagate=True)
def _refreshed(row: EncryptedRow, context: QueryContext, _: Any) -> None:  # noqa: ANN401 - the event's interface
    _decrypt(row, context.session)


def _decrypt(row: EncryptedRow, session: Session) -> None:
    """Decrypt the columns; those of an erased person become None."""
    for name in _encrypted_columns(instance_state(row).mapper):
        ciphertext = row.__dict__.get(name)
        if isinstance(ciphertext, bytes):
            set_committed_value(row, name, decrypt_value(session, ciphertext, row.aad(), name))
    row.on_decrypted()


def decrypt_value(session: Session, ciphertext: bytes, aad: str, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value of one column that was read without its row, whose associated data is `aad`; None after erasure."""
    data_key = find_data_key(session.connection(), session.info, key_id_of(ciphertext))
    plaintext = data_key and data_key.decrypt(ciphertext, f"{aad}|{name}")
    return plaintext and json.loads(plaintext)


@cache
def _encrypted_columns(mapper: Mapper[Any]) -> tuple[str, ...]:
    return tuple(column.key for column in mapper.column_attrs if isinstance(column.columns[0].type, Encrypted))
