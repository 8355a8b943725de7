"""The tables. Our ids are 16 hex digits and mean nothing; platform ids are only keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. SQLite would drop the offset silently, so naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC. Raises ValueError for a naive value."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """From the database: aware, in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(16)
_Json = JSON(none_as_null=True)

LEFT_ALONE = "kept AND action = 'silent' AND NOT deleted AND NOT is_staff AND NOT is_bot"
"""Posts of fans that got nothing, while their words are kept."""

DESERVING = (
    "NOT deleted AND NOT is_staff AND NOT is_bot AND (action IN ('draft', 'handoff') OR reason_code IN "
    "('answered', 'cap', 'no_answer', 'no_fresh_wording', 'no_template', 'too_old'))"
)
"""Posts of fans that deserved an answer: a draft was made or a person was asked, or would have been but for a cap, a
missing wording or the time, or somebody answered before we read it."""

posts = Table(
    "posts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("platform", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("external_id", String, nullable=False),
    Column("thread", _Id, nullable=False),
    Column("reply_to", String),
    Column("author_id", String, nullable=False),
    Column("author_name", String, nullable=False),
    Column("is_staff", Boolean, nullable=False),
    Column("is_bot", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("attachments", _Json),
    Column("mentions_us", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("kept", Boolean, nullable=False, default=True),
    Column("action", String),
    Column("intent", String),
    Column("reason_code", String),
    Column("reason", Text),
    Column("understanding", _Json),
    Column("forced_intent", String),
    Column("place", _Json),
    Column("quote", Text),
    Column("edited_at", Instant),
    Column("tries", Integer, nullable=False, default=1, server_default=text("1")),
    UniqueConstraint("platform", "channel", "external_id"),
    Index(None, "platform", "channel", "at"),
    Index(None, "thread", "at"),
    Index(None, "platform", "author_id", "channel", "at"),
    Index(None, "platform", "channel", "reply_to"),
    Index(
        "ix_posts_unjudged", "received_at", sqlite_where=text("action IS NULL"), postgresql_where=text("action IS NULL")
    ),
    Index("ix_posts_kept", "received_at", sqlite_where=text("kept"), postgresql_where=text("kept")),
    Index("ix_posts_dropped", "received_at", sqlite_where=text("NOT kept"), postgresql_where=text("NOT kept")),
    Index(
        "ix_posts_gate",
        "received_at",
        sqlite_where=text("kept AND reason_code = 'gate'"),
        postgresql_where=text("kept AND reason_code = 'gate'"),
    ),
    Index("ix_posts_left_alone", "at", "id", sqlite_where=text(LEFT_ALONE), postgresql_where=text(LEFT_ALONE)),
    Index(
        "ix_posts_deserving",
        *("at", "id", "intent", "kept"),
        sqlite_where=text(DESERVING),
        postgresql_where=text(DESERVING),
    ),
)

parts = Table(
    "parts",
    metadata,
    Column("platform", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("post_id", _Id, ForeignKey("posts.id"), nullable=False),
    Column("album", String, nullable=False),
    Column("text", Text),
    Column("edited_at", Instant),
    Index(None, "post_id"),
    Index(None, "platform", "channel", "album"),
)

BESIDE = "purpose <> 'reply' AND text IS NOT NULL"
"""Drafts with words that are no replies. They may have come after the words of their post were dropped."""

drafts = Table(
    "drafts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("post_id", _Id, ForeignKey("posts.id"), nullable=False),
    Column("platform", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("fan_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("reason_code", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("waiting_since", Instant, nullable=False),
    Column("text", Text),
    Column("opener", String),
    Column("text_hash", String(64)),
    Column("template", String),
    Column("variant", String),
    Column("intent", String),
    Column("own_words", Boolean, nullable=False),
    Column("recipe", _Json),
    Column("typed", _Json),
    Column("alternatives", _Json),
    Column("checks", _Json),
    Column("missing", _Json),
    Column("facts", _Json),
    Column("all_facts", _Json),
    Column("risk", _Json),
    Column("follow_up", Boolean, nullable=False),
    Column("expires_at", Instant),
    Column("snoozed_at", Instant),
    Column("snoozed_until", Instant),
    Column("opened_by", String),
    Column("opened_at", Instant),
    Column("assigned_to", String),
    Column("decided_by", String),
    Column("decided_at", Instant),
    Column("reminded_at", Instant),
    Column("cause", String),
    Column("purpose", String, nullable=False, default="reply", server_default="reply"),
    Column("target", _Json),
    Column("first_template", String),
    Column("first_variant", String),
    Column("proposed", _Json),
    Column("changed", Float),
    Column("skip_reason", String),
    Index(None, "post_id"),
    Index(None, "state", "priority", "waiting_since", "id"),
    Index(None, "platform", "channel", "created_at"),
    Index(None, "platform", "fan_id", "created_at"),
    Index(None, "assigned_to", "state"),
    Index(None, "opened_by", "state"),
    Index(None, "created_at"),
    Index(None, "decided_at"),
    Index("ix_drafts_beside", "created_at", sqlite_where=text(BESIDE), postgresql_where=text(BESIDE)),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("draft_id", _Id, ForeignKey("drafts.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("action", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("seal", String(64)),
    Column("text", Text),
    Column("draft_text", Text),
    Column("note", Text),
    Index(None, "draft_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("reply_id", _Id, nullable=False),
    Column("kind", String, nullable=False),
    Column("draft_id", _Id, ForeignKey("drafts.id"), nullable=False),
    Column("post_id", _Id, ForeignKey("posts.id"), nullable=False),
    Column("post_version", Integer, nullable=False),
    Column("decision_id", _Id, ForeignKey("decisions.id"), nullable=False),
    Column("platform", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("reply_to", String, nullable=False),
    Column("text", Text),
    Column("seal", String(64), nullable=False),
    Column("state", String, nullable=False),
    Column("nonce", String(25), nullable=False, unique=True),
    Column("due_at", Instant, nullable=False),
    Column("approved_by", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Instant),
    Column("external_id", String),
    Column("sent_at", Instant),
    Column("error", Text),
    Column("session", Integer),
    Index(None, "draft_id"),
    Index(None, "post_id"),
    Index(None, "platform", "channel", "created_at"),
    Index(None, "platform", "external_id"),
    Index(None, "decision_id"),
    Index(None, "state", "created_at"),
    Index(
        "ix_deliveries_due",
        "platform",
        "due_at",
        sqlite_where=text("state IN ('held', 'sending')"),
        postgresql_where=text("state IN ('held', 'sending')"),
    ),
)

cards = Table(
    "cards",
    metadata,
    Column("draft_id", _Id, ForeignKey("drafts.id"), primary_key=True),
    Column("surface", String, primary_key=True),
    Column("message_id", String, nullable=False),
    Column("shown_revision", Integer, nullable=False),
    Column("shown_state", String, nullable=False),
    Column("face", String(64), nullable=False),
    Column("settled", Boolean, nullable=False),
    Index(None, "surface", "message_id"),
    Index("ix_cards_unsettled", "surface", sqlite_where=text("NOT settled"), postgresql_where=text("NOT settled")),
)

role_holders = Table(
    "role_holders",
    metadata,
    Column("key", String, primary_key=True),
    Column("name", String, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("name", String, nullable=False),
    Column("by", String),
    Column("post_id", _Id),
    Column("draft_id", _Id),
    Column("delivery_id", _Id),
    Column("data", _Json),
    Index(None, "post_id"),
    Index(None, "name", "at"),
    sqlite_autoincrement=True,  # numbers are never used again, so that a cursor stays right after rows were deleted
)

fans = Table(
    "fans",
    metadata,
    Column("platform", String, primary_key=True),
    Column("fan_id", String, primary_key=True),
    Column("opted_out_at", Instant),
    Column("person_id", _Id),
    Column("forgetting_since", Instant),
    Column("assistant_declined_at", Instant),
    Index(None, "person_id"),
)

people = Table(
    "people",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("call_name", String),
)

things = Table(
    "things",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", _Id, ForeignKey("people.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "person_id"),
)

honours = Table(
    "honours",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", _Id, ForeignKey("people.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("post_id", _Id),
    Column("at", Instant, nullable=False),
    Index(None, "person_id"),
    Index(None, "post_id"),
)

link_codes = Table(
    "link_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("person_id", _Id, ForeignKey("people.id"), nullable=False),
    Column("until", Instant, nullable=False),
    Index(None, "person_id"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("platform", String, nullable=False),
    Column("fan_id", String, nullable=False),
    Column("post_id", _Id),  # a yes may outlive the rows of its post
    Column("draft_id", _Id),
    Column("wording", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("asked_by", String),
    Column("asked_at", Instant),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("scope", String),
    Column("days", Integer),
    Column("credit", String),
    Column("work", Text),
    Column("incentive", Text),
    Column("link", String),
    Column("partner", _Id),
    Index(None, "platform", "fan_id"),
    Index(None, "post_id"),
    Index(None, "draft_id"),
    Index(None, "state", "kind"),
)

uses = Table(
    "uses",
    metadata,
    Column("draft_id", _Id, ForeignKey("drafts.id"), primary_key=True),
    Column("consent_id", _Id, ForeignKey("consents.id"), primary_key=True),
    Index(None, "consent_id"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lifted_by", String),
    Column("lifted_at", Instant),
)

topics = Table(
    "topics",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("named_by", String),
    Column("situation", String),
    Column("state", String, nullable=False),
    Column("team", String),
    Column("reason", Text),
    Column("decided_by", String),
    Column("decided_at", Instant),
    Column("created_at", Instant, nullable=False),
)

voices = Table(
    "voices",
    metadata,
    Column("post_id", _Id, ForeignKey("posts.id"), primary_key=True),
    Column("topic_id", _Id, ForeignKey("topics.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "topic_id", "at"),
)

assistant_calls = Table(
    "assistant_calls",
    metadata,
    Column("draft_id", _Id, ForeignKey("drafts.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("model", String, nullable=False),
    Column("host", String, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("outcome", String),
    Column("checks", _Json),
    Column("took_ms", Integer),
    Column("tokens_in", Integer),
    Column("tokens_out", Integer),
    Index(None, "at"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("platform", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("position", String, nullable=False),
    Column("at", Instant, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until", Instant, nullable=False),
    Column("session", Integer),
)

requests = Table(
    "requests",
    metadata,
    Column("key", String, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", _Json),
    Column("post_id", _Id),
    Column("at", Instant, nullable=False),
    Index(None, "post_id"),
    Index(None, "at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("sid_hash", String(64), primary_key=True),
    Column("manager", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("device", String),
    Column("seen_at", Instant),
)

notes = Table(
    "notes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("post_id", _Id, ForeignKey("posts.id"), nullable=False),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "post_id"),
)

mentions = Table(
    "mentions",
    metadata,
    Column("note_id", _Id, ForeignKey("notes.id"), primary_key=True),
    Column("manager", String, primary_key=True),
    Column("seen_at", Instant),
    Index(None, "manager", "seen_at"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("platform", String, primary_key=True),
    Column("update_id", String, primary_key=True),
    Column("raw", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("set_aside", Text),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("platform", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("at", Instant, nullable=False),
    Index(None, "at"),
)
