"""Why a doctor proposes an amendment whose text contradicts itself."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("amendments", sa.Column("override", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("amendments", "override")
