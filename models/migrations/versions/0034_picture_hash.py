"""Perceptual hashes of pictures, and the earlier scan with the same picture."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    for name in ("picture_hash", "same_as"):
        op.add_column("scans", sa.Column(name, sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for name in ("same_as", "picture_hash"):
        op.drop_column("scans", name)
