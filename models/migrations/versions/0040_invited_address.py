"""The address that a staff invitation is bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.add_column("invites", sa.Column("email", sa.String(254), nullable=True))


def downgrade() -> None:
    op.drop_column("invites", "email")
