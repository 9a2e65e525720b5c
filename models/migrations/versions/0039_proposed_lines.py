"""Prescription lines that a doctor proposes with the reading."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.add_column("readings", sa.Column("proposed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("readings", "proposed")
