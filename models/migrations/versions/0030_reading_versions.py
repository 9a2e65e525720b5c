"""Versions of readings, and the version that a prescription was confirmed for."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_table(
        "reading_versions",
        sa.Column("scan_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("doctor_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["accounts.id"], name=op.f("fk_reading_versions_doctor_id_accounts")),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_reading_versions_scan_id_scans")),
        sa.PrimaryKeyConstraint("scan_id", "number", name=op.f("pk_reading_versions")),
    )
    op.add_column("readings", sa.Column("version", sa.Integer(), nullable=True))
    op.add_column("prescriptions", sa.Column("reading_version", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("prescriptions", "reading_version")
    op.drop_column("readings", "version")
    op.drop_table("reading_versions")
