"""Where each report is on each of its ways, and how it got there."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.add_column(sa.Column("report_id", sa.Integer(), nullable=True))
        deliveries.add_column(sa.Column("channel", sa.String(length=32), nullable=True))
        deliveries.add_column(sa.Column("reason", sa.String(length=40), nullable=True))
        deliveries.create_foreign_key(op.f("fk_deliveries_report_id_reports"), "reports", ["report_id"], ["id"])
        deliveries.create_index(op.f("ix_deliveries_report_id"), ["report_id"])
        deliveries.create_index(op.f("ix_deliveries_receipt"), ["receipt"])
    op.create_table(
        "delivery_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["deliveries.key"], name=op.f("fk_delivery_events_key_deliveries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_events")),
    )
    op.create_index(op.f("ix_delivery_events_key"), "delivery_events", ["key"])


def downgrade() -> None:
    op.drop_table("delivery_events")
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_index(op.f("ix_deliveries_receipt"))
        deliveries.drop_index(op.f("ix_deliveries_report_id"))
        deliveries.drop_constraint(op.f("fk_deliveries_report_id_reports"), type_="foreignkey")
        for column in ("reason", "channel", "report_id"):
            deliveries.drop_column(column)
