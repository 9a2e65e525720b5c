"""Changes of what opens an account, told to its owner."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.create_table(
        "credential_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=32), nullable=False),
        sa.Column("chats", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("denied_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_credential_changes_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_changes")),
    )
    op.create_index(op.f("ix_credential_changes_account_id"), "credential_changes", ["account_id"])


def downgrade() -> None:
    op.drop_table("credential_changes")
