"""Questions whether a possible emergency is bad right now."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "urgency_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("bad_now", sa.Boolean(), nullable=True),
        sa.Column("scan_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_urgency_questions_account_id_accounts")),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_urgency_questions_scan_id_scans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_urgency_questions")),
    )
    op.create_index(
        "uq_urgency_questions_one_open",
        "urgency_questions",
        ["chat_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
        sqlite_where=sa.text("answered_at IS NULL"),
    )
    for column in ("account_id", "scan_id"):
        op.create_index(op.f(f"ix_urgency_questions_{column}"), "urgency_questions", [column])


def downgrade() -> None:
    op.drop_table("urgency_questions")
