"""How far it was told that a scan takes longer than promised."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.add_column("scans", sa.Column("late_notified", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("scans", "late_notified")
