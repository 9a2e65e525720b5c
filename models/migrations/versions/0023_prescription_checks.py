"""Prescription lines as data, overrides of alerts, and the patient's facts that they are checked against."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0023"
down_revision = "0022"
COLUMNS = ("read", "overrides")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("prescriptions", sa.Column(name, sa.LargeBinary(), nullable=True))
    op.create_table(
        "patient_facts",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_patient_facts_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_patient_facts")),
    )


def downgrade() -> None:
    op.drop_table("patient_facts")
    for name in reversed(COLUMNS):
        op.drop_column("prescriptions", name)
