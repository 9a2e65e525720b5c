"""Indexes of the queries that read whole tables: codes, findings, readings, the audit trail, accounts, deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

INDEXES = (
    ("ix_codes_created_at", "codes", ["created_at"]),
    ("ix_findings_model_sha256_created_at", "findings", ["model_sha256", "created_at"]),
    ("ix_readings_signed_at", "readings", ["signed_at"]),
    ("ix_audit_object_kind_object_id_seq", "audit", ["object_kind", "object_id", "seq"]),
    ("ix_audit_patient_seq", "audit", ["patient", "seq"]),
    ("ix_audit_actor_id_seq", "audit", ["actor_id", "seq"]),
    ("ix_accounts_role", "accounts", ["role"]),
    ("ix_deliveries_state_started_at", "deliveries", ["state", "started_at"]),
)
REFUSED = sa.text("outcome = 'refused'")


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    op.create_index("ix_audit_refused", "audit", ["seq"], sqlite_where=REFUSED, postgresql_where=REFUSED)


def downgrade() -> None:
    op.drop_index("ix_audit_refused", table_name="audit")
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
