"""Questions that the FAQ could not answer, and phrases taught by administrators."""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "faq_misses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_misses")),
        sa.UniqueConstraint("mark", name=op.f("uq_faq_misses_mark")),
    )
    op.create_table(
        "faq_offers",
        sa.Column("token", sa.String(length=16), nullable=False),
        sa.Column("miss_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["miss_id"], ["faq_misses.id"], name=op.f("fk_faq_offers_miss_id_faq_misses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_faq_offers")),
    )
    op.create_index(op.f("ix_faq_offers_miss_id"), "faq_offers", ["miss_id"])
    op.create_table(
        "faq_phrases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("phrase", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_phrases")),
    )
    op.create_index(op.f("ix_faq_phrases_topic"), "faq_phrases", ["topic"])
    op.create_table(
        "faq_entries",
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("answer", sa.String(length=3000), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "language", name=op.f("pk_faq_entries")),
    )


def downgrade() -> None:
    op.drop_table("faq_entries")
    op.drop_index(op.f("ix_faq_phrases_topic"), table_name="faq_phrases")
    op.drop_table("faq_phrases")
    op.drop_index(op.f("ix_faq_offers_miss_id"), table_name="faq_offers")
    op.drop_table("faq_offers")
    op.drop_table("faq_misses")
