"""Health data is kept sealed, each person's under a key of their own; what was written before is sealed here."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import context, op

from models.base import UtcDateTime
from models.crypto.keys import KEKS, DataKey, SessionInfo, create_data_key, find_data_key, hospital_key

revision = "0007"
down_revision = "0006"


class Words(NamedTuple):
    """A table's columns with their plain types, what its place ends with, and where its key is found."""

    columns: dict[str, str]
    place: str
    key: str
    joins: str


PATIENT = "JOIN accounts ON accounts.id = scans.patient_id"
OF_SCAN = f"JOIN scans ON scans.id = t.scan_id {PATIENT}"
DOCTORS = {
    "own_reading": "TEXT",
    "findings": "TEXT NOT NULL DEFAULT ''",
    "impression": "TEXT",
    "recommendations": "TEXT",
    "regions": "JSON",
    "diagnosis": "VARCHAR(40)",
    "band": "VARCHAR(16)",
    "why": "TEXT",
}
SEALED = {
    "scans": Words(
        {"complaint": "TEXT", "since": "TEXT", "reason": "TEXT"},
        "original_file",
        "accounts.key_id",
        "JOIN accounts ON accounts.id = t.patient_id",
    ),
    "readings": Words(DOCTORS, "scan_id", "accounts.key_id", OF_SCAN),
    "prescriptions": Words({"lines": "JSON NOT NULL DEFAULT '[]'"}, "scan_id", "accounts.key_id", OF_SCAN),
    "reports": Words({"passphrase": "VARCHAR(40)"}, "number", "accounts.key_id", OF_SCAN),
    "forms": Words({"data": "JSON NOT NULL DEFAULT '{}'"}, "key", "NULL", ""),
}


def upgrade() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("master", sa.String(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
    )
    op.add_column("accounts", sa.Column("key_id", sa.String(length=36), nullable=True))
    for (account,) in op.get_bind().execute(sa.text("SELECT id FROM accounts")).all():
        key_id = create_data_key(op.get_bind(), _info()[KEKS]).id
        _run("UPDATE accounts SET key_id = :key WHERE id = :id", key=key_id, id=account)
    for table, words in SEALED.items():
        for column in words.columns:
            _convert(table, column, "BLOB" if op.get_bind().dialect.name == "sqlite" else "BYTEA", shut=True)


def downgrade() -> None:
    for table, words in SEALED.items():
        for column, plain in words.columns.items():
            _convert(table, column, plain, shut=False)
    op.drop_column("accounts", "key_id")
    op.drop_table("data_keys")


def _convert(table: str, column: str, kind: str, *, shut: bool) -> None:
    """A new column beside the old one, filled from it, which it then replaces."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN converted {kind}")
    is_json = "JSON" in SEALED[table].columns[column]
    for row, value, secret in _rows(table, column):
        place = f"{table}|{row}|{column}"
        if shut:
            words = value if is_json and isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            made: bytes | str = secret.encrypt(words.encode(), place)
        else:
            opened = secret.decrypt(value, place).decode()
            made = opened if is_json else json.loads(opened)
        _run(f"UPDATE {table} SET converted = :made WHERE {SEALED[table].place} = :row", made=made, row=row)  # noqa: S608 - names from the table above
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute(f"ALTER TABLE {table} RENAME COLUMN converted TO {column}")


def _rows(table: str, column: str) -> Iterator[tuple[object, Any, DataKey]]:
    words, bind = SEALED[table], op.get_bind()
    asked = f"SELECT t.{words.place}, t.{column}, {words.key} FROM {table} t {words.joins}"  # noqa: S608 - as above
    for row, value, key_id in bind.execute(sa.text(f"{asked} WHERE t.{column} IS NOT NULL")).all():
        secret = find_data_key(bind, _info(), key_id) if key_id else hospital_key(bind, _info())
        assert secret is not None
        yield row, value, secret


def _info() -> SessionInfo:
    """As a session keeps it; the master keys come from whoever runs the migration."""
    attributes = context.config.attributes
    if attributes["masters"] is None:
        raise RuntimeError("the master keys are needed to seal what was written before")
    info: SessionInfo = attributes.setdefault("info", {KEKS: attributes["masters"]})
    return info


def _run(statement: str, **values: object) -> None:
    op.get_bind().execute(sa.text(statement), values)
