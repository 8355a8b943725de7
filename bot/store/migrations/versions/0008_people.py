"""People who asked to be remembered, consents, holds, and topics. Drafts that are no replies."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody was remembered before: the columns that are dropped were always empty."""
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_name", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_table(
        "topics",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("named_by", sa.String(), nullable=True),
        sa.Column("situation", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
    )
    op.create_table(
        "honours",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("post_id", sa.String(length=16), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_honours_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_honours")),
    )
    op.create_index(op.f("ix_honours_person_id"), "honours", ["person_id"], unique=False)
    op.create_index(op.f("ix_honours_post_id"), "honours", ["post_id"], unique=False)
    op.create_table(
        "link_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_link_codes_person_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_link_codes")),
    )
    op.create_index(op.f("ix_link_codes_person_id"), "link_codes", ["person_id"], unique=False)
    op.create_table(
        "things",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_things_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_things")),
    )
    op.create_index(op.f("ix_things_person_id"), "things", ["person_id"], unique=False)
    op.create_table(
        "voices",
        sa.Column("post_id", sa.String(length=16), nullable=False),
        sa.Column("topic_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_voices_post_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name=op.f("fk_voices_topic_id")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_voices")),
    )
    op.create_index(op.f("ix_voices_topic_id_at"), "voices", ["topic_id", "at"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("fan_id", sa.String(), nullable=False),
        sa.Column("post_id", sa.String(length=16), nullable=True),
        sa.Column("draft_id", sa.String(length=16), nullable=True),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("credit", sa.String(), nullable=True),
        sa.Column("work", sa.Text(), nullable=True),
        sa.Column("incentive", sa.Text(), nullable=True),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("partner", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_draft_id"), "consents", ["draft_id"], unique=False)
    op.create_index(op.f("ix_consents_platform_fan_id"), "consents", ["platform", "fan_id"], unique=False)
    op.create_index(op.f("ix_consents_post_id"), "consents", ["post_id"], unique=False)
    op.create_index(op.f("ix_consents_state_kind"), "consents", ["state", "kind"], unique=False)
    op.create_table(
        "uses",
        sa.Column("draft_id", sa.String(length=16), nullable=False),
        sa.Column("consent_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_uses_consent_id")),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_uses_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "consent_id", name=op.f("pk_uses")),
    )
    op.create_index(op.f("ix_uses_consent_id"), "uses", ["consent_id"], unique=False)
    deserving = sa.text(
        "NOT deleted AND NOT is_staff AND NOT is_bot AND (action IN ('draft', 'handoff') OR reason_code IN "
        "('answered', 'cap', 'no_answer', 'no_fresh_wording', 'no_template', 'too_old'))"
    )
    op.create_index(
        "ix_posts_deserving",
        "posts",
        ["at", "id", "intent", "kept"],
        unique=False,
        sqlite_where=deserving,
        postgresql_where=deserving,
    )
    op.add_column("drafts", sa.Column("purpose", sa.String(), server_default="reply", nullable=False))
    op.add_column("drafts", sa.Column("target", sa.JSON(none_as_null=True), nullable=True))
    beside = sa.text("purpose <> 'reply' AND text IS NOT NULL")
    op.create_index("ix_drafts_beside", "drafts", ["created_at"], sqlite_where=beside, postgresql_where=beside)
    op.add_column("fans", sa.Column("person_id", sa.String(length=16), nullable=True))
    op.create_index(op.f("ix_fans_person_id"), "fans", ["person_id"], unique=False)
    op.drop_column("fans", "opted_in_at")
    op.drop_column("fans", "call_name")
