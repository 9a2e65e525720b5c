"""Telegram's rates over all processes of one bot."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.create_table(
        "send_slots",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_send_slots"),
    )


def downgrade() -> None:
    op.drop_table("send_slots")
