"""The former address of an account whose address was changed: it is told, and restored by a denial."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.add_column("credential_changes", sa.Column("former_email", sa.String(254), nullable=True))


def downgrade() -> None:
    op.drop_column("credential_changes", "former_email")
