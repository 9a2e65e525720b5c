"""Accounts with a telephone in place of address and password; whether reports go to it by WhatsApp."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("email", existing_type=sa.String(254), nullable=True)
        accounts.alter_column("password_hash", existing_type=sa.String(72), nullable=True)
        accounts.add_column(sa.Column("phone_hash", sa.String(64), nullable=True))
        accounts.add_column(sa.Column("whatsapp", sa.Boolean(), server_default=sa.true(), nullable=False))
        accounts.create_index(op.f("ix_accounts_phone_hash"), ["phone_hash"])


def downgrade() -> None:
    accounts = sa.table("accounts", *map(sa.column, ("id", "email", "password_hash")))
    unmailed = sa.cast(accounts.c.id, sa.String(20)) + "@forgotten.invalid"
    op.execute(accounts.update().where(accounts.c.email.is_(None)).values(email=unmailed))
    op.execute(accounts.update().where(accounts.c.password_hash.is_(None)).values(password_hash=""))
    with op.batch_alter_table("accounts") as table:
        table.drop_index(op.f("ix_accounts_phone_hash"))
        table.drop_column("whatsapp")
        table.drop_column("phone_hash")
        table.alter_column("password_hash", existing_type=sa.String(72), nullable=False)
        table.alter_column("email", existing_type=sa.String(254), nullable=False)
