"""Opening hours of the desk by weekday, and holidays."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.create_table(
        "desk_days",
        sa.Column("weekday", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hours", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("weekday", name=op.f("pk_desk_days")),
    )
    op.create_table(
        "desk_holidays",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("hours", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_holidays")),
        sa.UniqueConstraint("day", name=op.f("uq_desk_holidays_day")),
    )


def downgrade() -> None:
    op.drop_table("desk_holidays")
    op.drop_table("desk_days")
