"""Claims of scans by members of staff."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_claims_account_id_accounts")),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_claims_scan_id_scans")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_claims")),
    )


def downgrade() -> None:
    op.drop_table("claims")
