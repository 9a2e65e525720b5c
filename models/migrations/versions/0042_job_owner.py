"""The process that leased a job."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("leased_by", sa.String(120), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "leased_by")
