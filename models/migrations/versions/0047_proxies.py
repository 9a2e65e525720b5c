"""Persons who act for a patient's file; consents given for somebody or on paper; birth dates counted from an age."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.create_table(
        "proxies",
        sa.Column("patient_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("proxy_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("relation", sa.String(length=32), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["accounts.id"], name=op.f("fk_proxies_patient_id_accounts")),
        sa.ForeignKeyConstraint(["proxy_id"], ["accounts.id"], name=op.f("fk_proxies_proxy_id_accounts")),
        sa.PrimaryKeyConstraint("patient_id", "proxy_id", name=op.f("pk_proxies")),
    )
    op.create_index(op.f("ix_proxies_proxy_id"), "proxies", ["proxy_id"])
    with op.batch_alter_table("consents") as consents:
        consents.add_column(sa.Column("given_by", sa.Integer(), nullable=True))
        consents.add_column(sa.Column("paper", sa.Boolean(), server_default=sa.false(), nullable=False))
        consents.create_foreign_key(op.f("fk_consents_given_by_accounts"), "accounts", ["given_by"], ["id"])
    op.add_column("accounts", sa.Column("birth_estimated", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("accounts", "birth_estimated")
    with op.batch_alter_table("consents") as consents:
        consents.drop_constraint(op.f("fk_consents_given_by_accounts"), type_="foreignkey")
        consents.drop_column("paper")
        consents.drop_column("given_by")
    op.drop_table("proxies")
