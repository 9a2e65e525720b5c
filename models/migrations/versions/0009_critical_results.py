"""Critical results and their acknowledgement; the earlier scans that a doctor compared with."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "critical_results",
        sa.Column("scan_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("doctor_id", sa.Integer(), nullable=False),
        sa.Column("marked_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["accounts.id"], name=op.f("fk_critical_results_acknowledged_by_accounts")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["accounts.id"], name=op.f("fk_critical_results_doctor_id_accounts")),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_critical_results_scan_id_scans")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_critical_results")),
    )
    op.add_column("readings", sa.Column("compared", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("readings", "compared")
    op.drop_table("critical_results")
