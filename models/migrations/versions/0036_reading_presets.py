"""A doctor's own phrases, and the ready readings that they used last."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.create_table(
        "reading_presets",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recent", sa.LargeBinary(), nullable=True),
        sa.Column("phrases", sa.LargeBinary(), nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reading_presets_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_reading_presets")),
    )


def downgrade() -> None:
    op.drop_table("reading_presets")
