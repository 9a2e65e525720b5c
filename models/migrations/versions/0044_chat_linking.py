"""The chat that asks to be linked to an account from another chat of it."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column("codes", sa.Column("asking_chat_id", sa.BigInteger(), nullable=True))
    op.add_column("codes", sa.Column("asking_label", sa.String(80), nullable=True))


def downgrade() -> None:
    op.drop_column("codes", "asking_label")
    op.drop_column("codes", "asking_chat_id")
