"""The hash of a browser's address at its push service, by which a further sign-in finds the one before."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.add_column("push_subscriptions", sa.Column("endpoint_hash", sa.String(64), nullable=True))
    op.create_index(op.f("ix_push_subscriptions_endpoint_hash"), "push_subscriptions", ["endpoint_hash"])


def downgrade() -> None:
    op.drop_index(op.f("ix_push_subscriptions_endpoint_hash"), "push_subscriptions")
    op.drop_column("push_subscriptions", "endpoint_hash")
