"""Verification tokens of reports and passphrases of their copies by mail."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("reports") as reports:
        reports.add_column(sa.Column("token", sa.String(length=32), nullable=True))
        reports.add_column(sa.Column("copy_file", sa.String(length=36), nullable=True))
        reports.add_column(sa.Column("copy_sha256", sa.String(length=64), nullable=True))
        reports.add_column(sa.Column("passphrase", sa.String(length=40), nullable=True))
        reports.create_unique_constraint(op.f("uq_reports_token"), ["token"])


def downgrade() -> None:
    with op.batch_alter_table("reports") as reports:
        reports.drop_constraint(op.f("uq_reports_token"), type_="unique")
        for column in ("passphrase", "copy_sha256", "copy_file", "token"):
            reports.drop_column(column)
