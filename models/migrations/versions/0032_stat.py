"""Scans that staff ask to be read first."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("scans", sa.Column("stat_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("scans") as scans:
        scans.drop_column("stat_at")
