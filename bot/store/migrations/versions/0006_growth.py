"""What a database that grows for years needs: indexes. Sessions of the console, which can be ended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


_INDEXES = {
    "posts": (("platform", "author_id", "channel", "at"), ("platform", "channel", "reply_to")),
    "drafts": (("decided_at",),),
    "deliveries": (("decision_id",), ("state", "created_at")),
    "cards": (("surface", "message_id"),),
    "events": (("name", "at"),),
    "requests": (("at",),),
    "tombstones": (("at",),),
}
_PARTIAL = {"ix_posts_dropped": "NOT kept", "ix_posts_gate": "kept AND reason_code = 'gate'"}


def upgrade() -> None:
    """Who was signed in signs in once more; answers that were kept for a day in the old form are not given again."""
    op.execute("DELETE FROM requests")
    op.drop_index("ix_posts_platform_author_id", table_name="posts")
    for table, indexes in _INDEXES.items():
        for columns in indexes:
            op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)
    for name, which in _PARTIAL.items():
        where = sa.text(which)
        op.create_index(name, "posts", ["received_at"], unique=False, sqlite_where=where, postgresql_where=where)
    op.add_column("fans", sa.Column("forgetting_since", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sessions",
        sa.Column("sid_hash", sa.String(length=64), nullable=False),
        sa.Column("manager", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sid_hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "parts",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("post_id", sa.String(length=16), nullable=False),
        sa.Column("album", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_parts_post_id")),
        sa.PrimaryKeyConstraint("platform", "channel", "external_id", name=op.f("pk_parts")),
    )
    op.create_index(op.f("ix_parts_post_id"), "parts", ["post_id"], unique=False)
    op.create_index(op.f("ix_parts_platform_channel_album"), "parts", ["platform", "channel", "album"], unique=False)
    op.add_column("posts", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("posts", sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("1")))
