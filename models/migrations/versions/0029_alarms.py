"""Alarms of a ticket: how many, the ring that carries the newest, and until when its chat is muted."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(sa.Column("alarms", sa.Integer(), nullable=False, server_default="0"))
        tickets.add_column(sa.Column("ring", sa.Integer(), nullable=True))
        tickets.add_column(sa.Column("muted_until", UtcDateTime(), nullable=True))
    with op.batch_alter_table("tickets") as tickets:
        tickets.alter_column("alarms", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        for name in ("muted_until", "ring", "alarms"):
            tickets.drop_column(name)
