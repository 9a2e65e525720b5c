"""Reasons of a doctor for signing against the table of consistency, or without a critical result."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("readings", sa.Column("override", sa.LargeBinary(), nullable=True))
    op.add_column("readings", sa.Column("no_alert", sa.LargeBinary(), nullable=True))
    op.add_column("readings", sa.Column("difference_seen", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("readings") as readings:
        for name in ("difference_seen", "no_alert", "override"):
            readings.drop_column(name)
