"""When a chat was last proved with an own code, and since when and by whom somebody is administrator."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.add_column("links", sa.Column("proved_at", UtcDateTime(), nullable=True))
    op.add_column("accounts", sa.Column("administrator_since", UtcDateTime(), nullable=True))
    op.add_column("accounts", sa.Column("administrator_by", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("accounts", "administrator_by")
    op.drop_column("accounts", "administrator_since")
    op.drop_column("links", "proved_at")
