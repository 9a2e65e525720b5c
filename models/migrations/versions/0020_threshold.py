"""The confidence that the answer's class needed, as the report prints it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    with op.batch_alter_table("findings") as findings:
        findings.add_column(sa.Column("threshold", sa.Float(), nullable=False, server_default="0.75"))
    with op.batch_alter_table("findings") as findings:
        findings.alter_column("threshold", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("findings") as findings:
        findings.drop_column("threshold")
