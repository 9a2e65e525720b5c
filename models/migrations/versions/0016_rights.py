"""Telephones are sealed; an account remembers that its person wants to be forgotten, and how far that has got."""

import json

import sqlalchemy as sa
from alembic import context, op

from models.base import UtcDateTime
from models.crypto.keys import KEKS, SessionInfo, find_data_key

revision = "0016"
down_revision = "0015"
TIMES = ("erasure_asked_at", "closed_at", "erased_at")


def upgrade() -> None:
    rows = op.get_bind().execute(sa.text("SELECT id, key_id, phone FROM accounts WHERE phone IS NOT NULL")).all()
    op.drop_column("accounts", "phone")
    op.add_column("accounts", sa.Column("phone", sa.LargeBinary(), nullable=True))
    op.add_column("accounts", sa.Column("identity", sa.LargeBinary(), nullable=True))
    for name in TIMES:
        op.add_column("accounts", sa.Column(name, UtcDateTime(), nullable=True))
    for account, key_id, phone in rows:
        secret = find_data_key(op.get_bind(), _info(), key_id)
        assert secret is not None
        _write(account, secret.encrypt(json.dumps(phone).encode(), f"accounts|{key_id}|phone"))


def downgrade() -> None:
    rows = op.get_bind().execute(sa.text("SELECT id, key_id, phone FROM accounts WHERE phone IS NOT NULL")).all()
    with op.batch_alter_table("accounts") as accounts:
        for name in (*TIMES, "identity", "phone"):
            accounts.drop_column(name)
    op.add_column("accounts", sa.Column("phone", sa.String(length=20), nullable=True))
    for account, key_id, phone in rows:
        secret = find_data_key(op.get_bind(), _info(), key_id)
        if secret is not None:
            _write(account, json.loads(secret.decrypt(phone, f"accounts|{key_id}|phone")))


def _write(account: int, phone: object) -> None:
    op.get_bind().execute(sa.text("UPDATE accounts SET phone = :phone WHERE id = :id"), {"phone": phone, "id": account})


def _info() -> SessionInfo:
    """As a session keeps it; the master keys come from whoever runs the migration."""
    attributes = context.config.attributes
    if attributes["masters"] is None:
        raise RuntimeError("the master keys are needed to seal what was written before")
    info: SessionInfo = attributes.setdefault("info", {KEKS: attributes["masters"]})
    return info
