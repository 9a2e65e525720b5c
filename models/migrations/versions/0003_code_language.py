"""A code's mail is written in the language of whoever asked for it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("codes") as codes:
        codes.add_column(sa.Column("language", sa.String(length=8), nullable=False, server_default="en"))
    with op.batch_alter_table("codes") as codes:
        codes.alter_column("language", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("codes") as codes:
        codes.drop_column("language")
