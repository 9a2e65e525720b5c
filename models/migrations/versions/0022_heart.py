"""The measures of a heart's outlined slices, encrypted for the patient."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("findings", sa.Column("heart", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("findings") as findings:
        findings.drop_column("heart")
