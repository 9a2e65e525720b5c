"""Forward passes made when a scan arrives."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "read_ahead",
        sa.Column("scan_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("heatmap_file", sa.String(length=36), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_read_ahead_scan_id_scans")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_read_ahead")),
    )


def downgrade() -> None:
    op.drop_table("read_ahead")
