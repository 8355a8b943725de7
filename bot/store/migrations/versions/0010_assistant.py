"""What a language model was asked about, and the fans who want none."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody was asked before."""
    op.create_table(
        "assistant_calls",
        sa.Column("draft_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("checks", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("tokens_in", sa.Integer(), nullable=True),
        sa.Column("tokens_out", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_assistant_calls_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_assistant_calls")),
    )
    op.create_index(op.f("ix_assistant_calls_at"), "assistant_calls", ["at"], unique=False)
    op.add_column("fans", sa.Column("assistant_declined_at", sa.DateTime(timezone=True), nullable=True))
