"""The doctor who prescribes what the pharmacist completed."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    with op.batch_alter_table("prescriptions") as prescriptions:
        prescriptions.add_column(sa.Column("needs_doctor", sa.LargeBinary(), nullable=True))
        prescriptions.add_column(sa.Column("countersigned_by", sa.Integer(), nullable=True))
        prescriptions.add_column(sa.Column("countersigned_at", UtcDateTime(), nullable=True))
        prescriptions.create_foreign_key(
            op.f("fk_prescriptions_countersigned_by_accounts"), "accounts", ["countersigned_by"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("prescriptions") as prescriptions:
        prescriptions.drop_constraint(op.f("fk_prescriptions_countersigned_by_accounts"), type_="foreignkey")
        for name in ("countersigned_at", "countersigned_by", "needs_doctor"):
            prescriptions.drop_column(name)
