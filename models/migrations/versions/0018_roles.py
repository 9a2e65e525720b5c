"""A person may hold several roles; a chat acts in one of them."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0018"
down_revision = "0017"
ROLE = sa.Enum("patient", "doctor", "pharmacist", "administrator", "system", name="role", native_enum=False, length=32)


def upgrade() -> None:
    op.create_table(
        "held_roles",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", ROLE, nullable=False),
        sa.Column("registration_number", sa.String(length=40), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_held_roles_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "role", name=op.f("pk_held_roles")),
    )
    with op.batch_alter_table("links") as links:
        links.add_column(sa.Column("role", ROLE, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("links") as links:
        links.drop_column("role")
    op.drop_table("held_roles")
