"""Phrases taught to the FAQ are encrypted with the hospital's key."""

import json

import sqlalchemy as sa
from alembic import context, op

from models.base import UtcDateTime
from models.crypto.keys import KEKS, DataKey, SessionInfo, hospital_key

revision = "0046"
down_revision = "0045"

PHRASES = sa.table(
    "faq_phrases",
    sa.column("id", sa.Integer),
    sa.column("topic", sa.String),
    sa.column("language", sa.String),
    sa.column("at", UtcDateTime()),
    sa.column("phrase", sa.String),
    sa.column("sealed", sa.LargeBinary),
)


def upgrade() -> None:
    op.add_column("faq_phrases", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    for row in op.get_bind().execute(sa.select(PHRASES)).all():
        sealed = _key().encrypt(json.dumps(row.phrase, ensure_ascii=False).encode(), _aad(row))
        op.get_bind().execute(PHRASES.update().where(PHRASES.c.id == row.id).values(sealed=sealed))
    with op.batch_alter_table("faq_phrases") as table:
        table.drop_column("phrase")
        table.alter_column("sealed", new_column_name="phrase", existing_type=sa.LargeBinary(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("faq_phrases") as table:
        table.alter_column("phrase", new_column_name="sealed", existing_type=sa.LargeBinary())
    op.add_column("faq_phrases", sa.Column("phrase", sa.String(200), nullable=False, server_default=""))
    for row in op.get_bind().execute(sa.select(PHRASES)).all():
        phrase = json.loads(_key().decrypt(row.sealed, _aad(row)))
        op.get_bind().execute(PHRASES.update().where(PHRASES.c.id == row.id).values(phrase=phrase))
    with op.batch_alter_table("faq_phrases") as table:
        table.drop_column("sealed")
        table.alter_column("phrase", existing_type=sa.String(200), server_default=None)


def _aad(row: sa.Row[tuple[object, ...]]) -> str:
    return f"faq_phrases|{row.topic}|{row.language}|{row.at.timestamp()}|phrase"


def _key() -> DataKey:
    """The hospital's data key. Raises RuntimeError without key-encryption keys."""
    attributes = context.config.attributes
    if attributes["masters"] is None:
        raise RuntimeError("the master keys are needed to encrypt what was written before")
    info: SessionInfo = attributes.setdefault("info", {KEKS: attributes["masters"]})
    return hospital_key(op.get_bind(), info)
