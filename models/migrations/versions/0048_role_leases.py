"""Roles that one of several processes has: who polls Telegram, who makes the rounds."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_table(
        "role_leases",
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(120), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("role", name="pk_role_leases"),
    )


def downgrade() -> None:
    op.drop_table("role_leases")
