"""When a consent was taken back."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.add_column("consents", sa.Column("withdrawn_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("consents", "withdrawn_at")
