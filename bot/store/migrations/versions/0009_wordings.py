"""What became of wordings, so that it can still be counted when the words are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of a card on which a person put another wording nobody knows any more which one lay there first."""
    for column in (
        sa.Column("first_template", sa.String(), nullable=True),
        sa.Column("first_variant", sa.String(), nullable=True),
        sa.Column("proposed", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("changed", sa.Float(), nullable=True),
        sa.Column("skip_reason", sa.String(), nullable=True),
    ):
        op.add_column("drafts", column)
    op.execute(
        "UPDATE drafts SET first_template = template, first_variant = variant WHERE reason_code = 'intent' AND NOT "
        "EXISTS (SELECT 1 FROM events WHERE events.post_id = drafts.post_id AND events.draft_id = drafts.id AND "
        "events.name = 'draft_reworded')"
    )
    op.execute(
        "UPDATE drafts SET skip_reason = (SELECT max(note) FROM decisions WHERE decisions.draft_id = drafts.id AND "
        "decisions.action = 'reject' AND decisions.note IN ('no reply needed', 'the post was misread', "
        "'the wording is not right', 'somebody answers elsewhere')) WHERE state = 'rejected'"
    )
