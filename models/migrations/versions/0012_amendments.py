"""Changes of reports that have left the house."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "amendments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("addendum", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("findings", sa.LargeBinary(), nullable=True),
        sa.Column("impression", sa.LargeBinary(), nullable=True),
        sa.Column("recommendations", sa.LargeBinary(), nullable=True),
        sa.Column("band", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("doctor_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["administrator_id"], ["accounts.id"], name="fk_amendments_administrator_id_accounts"),
        sa.ForeignKeyConstraint(["doctor_id"], ["accounts.id"], name="fk_amendments_doctor_id_accounts"),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name="fk_amendments_scan_id_scans"),
        sa.PrimaryKeyConstraint("id", name="pk_amendments"),
        sa.UniqueConstraint("scan_id", "number", name="uq_amendments_scan_id"),
    )


def downgrade() -> None:
    op.drop_table("amendments")
