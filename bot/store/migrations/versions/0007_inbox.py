"""Notes of managers on posts, what a session runs on, and indexes for the views of the inbox."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEXES = (
    ("state", "priority", "waiting_since", "id"),
    ("assigned_to", "state"),
    ("opened_by", "state"),
    ("created_at",),
)
_LEFT_ALONE = "kept AND action = 'silent' AND NOT deleted AND NOT is_staff AND NOT is_bot"


def upgrade() -> None:
    """Sessions that began before have no device and were not seen since."""
    op.create_table(
        "notes",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("post_id", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_notes_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_post_id"), "notes", ["post_id"], unique=False)
    op.create_table(
        "mentions",
        sa.Column("note_id", sa.String(length=16), nullable=False),
        sa.Column("manager", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_mentions_note_id")),
        sa.PrimaryKeyConstraint("note_id", "manager", name=op.f("pk_mentions")),
    )
    op.create_index(op.f("ix_mentions_manager_seen_at"), "mentions", ["manager", "seen_at"], unique=False)
    op.add_column("sessions", sa.Column("device", sa.String(), nullable=True))
    op.add_column("sessions", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("ix_drafts_state_priority_waiting_since"), table_name="drafts")
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_drafts_{'_'.join(columns)}"), "drafts", list(columns), unique=False)
    where = sa.text(_LEFT_ALONE)
    by = ["at", "id"]
    op.create_index("ix_posts_left_alone", "posts", by, unique=False, sqlite_where=where, postgresql_where=where)
