"""The language of chats that have no account yet."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "chat_languages",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_chat_languages")),
    )
    op.create_index(op.f("ix_chat_languages_chosen_at"), "chat_languages", ["chosen_at"])


def downgrade() -> None:
    op.drop_table("chat_languages")
