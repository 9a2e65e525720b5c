"""The trace that a job belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("trace", sa.String(55), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "trace")
