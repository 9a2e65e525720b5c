"""When a job was tried first: patience counts from there, not from a time when nobody was there to try."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("tried_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("tried_at")
