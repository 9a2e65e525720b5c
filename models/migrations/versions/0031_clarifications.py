"""Questions of the staff about a scan, with their answers."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0031"
down_revision = "0030"

ROLES = ("patient", "doctor", "pharmacist", "administrator", "system")


def upgrade() -> None:
    op.create_table(
        "clarifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=False),
        sa.Column("asker_role", sa.Enum(*ROLES, name="role", native_enum=False, length=32), nullable=False),
        sa.Column("addressee", sa.Enum(*ROLES, name="role", native_enum=False, length=32), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["accounts.id"], name=op.f("fk_clarifications_answered_by_accounts")),
        sa.ForeignKeyConstraint(["asker_id"], ["accounts.id"], name=op.f("fk_clarifications_asker_id_accounts")),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_clarifications_scan_id_scans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clarifications")),
        sa.UniqueConstraint("scan_id", "number", name=op.f("uq_clarifications_scan_id")),
    )


def downgrade() -> None:
    op.drop_table("clarifications")
