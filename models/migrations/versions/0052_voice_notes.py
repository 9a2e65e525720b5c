"""Voice notes of patients, with a complaint or to the staff; the sound is a file of the vault."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.create_table(
        "voice_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=True),
        sa.Column("words_id", sa.Integer(), nullable=True),
        sa.Column("file", sa.String(length=36), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["accounts.id"], name=op.f("fk_voice_notes_patient_id_accounts")),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_voice_notes_scan_id_scans")),
        sa.ForeignKeyConstraint(["words_id"], ["ticket_words.id"], name=op.f("fk_voice_notes_words_id_ticket_words")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_notes")),
    )
    for column in ("patient_id", "scan_id", "words_id"):
        op.create_index(op.f(f"ix_voice_notes_{column}"), "voice_notes", [column])


def downgrade() -> None:
    op.drop_table("voice_notes")
