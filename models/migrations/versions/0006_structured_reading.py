"""A reading built from buttons: regions, a diagnosis, what the patient should do, and why the doctor (dis)agrees."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
COLUMNS = (
    ("regions", sa.JSON()),
    ("diagnosis", sa.String(length=40)),
    ("band", sa.String(length=16)),
    ("why", sa.Text()),
)


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("readings", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name, _ in reversed(COLUMNS):
        op.drop_column("readings", name)
