"""Chats that fall asleep, and guesses counted by chat and address instead of by account."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "throttles",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttles")),
    )
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("failed_logins")
        accounts.drop_column("locked_until")
    with op.batch_alter_table("links") as links:
        links.add_column(sa.Column("seen_at", UtcDateTime(), nullable=True))
        links.add_column(sa.Column("label", sa.String(length=80), nullable=False, server_default=""))
    op.execute("UPDATE links SET seen_at = created_at")
    with op.batch_alter_table("links") as links:
        links.alter_column("seen_at", nullable=False)
        links.alter_column("label", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("links") as links:
        links.drop_column("label")
        links.drop_column("seen_at")
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("locked_until", UtcDateTime(), nullable=True))
        accounts.add_column(sa.Column("failed_logins", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("failed_logins", server_default=None)
    op.drop_table("throttles")
