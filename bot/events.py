"""Events, in the past tense. Each change appends one; the audit trail, the live view and the metrics read them.

An event never carries a fan's words or name: only ids, states, codes and managers' keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Happened(StrEnum):
    """The names of events. They are stable: scripts and the event stream rely on them."""

    POST_RECEIVED = "post_received"
    POST_EDITED = "post_edited"
    POST_DELETED = "post_deleted"
    POST_JUDGED = "post_judged"
    POST_REOPENED = "post_reopened"
    DRAFT_WAITING = "draft_waiting"
    DRAFT_OPENED = "draft_opened"
    DRAFT_REWORDED = "draft_reworded"
    DRAFT_FILLED = "draft_filled"
    DRAFT_PROPOSED = "draft_proposed"
    DRAFT_APPROVED = "draft_approved"
    DRAFT_REJECTED = "draft_rejected"
    DRAFT_SNOOZED = "draft_snoozed"
    DRAFT_WOKEN = "draft_woken"
    DRAFT_UNDONE = "draft_undone"
    DRAFT_HANDED_OVER = "draft_handed_over"
    DRAFT_RELABELLED = "draft_relabelled"
    DRAFT_SUPERSEDED = "draft_superseded"
    DRAFT_WITHDRAWN = "draft_withdrawn"
    DRAFT_EXPIRED = "draft_expired"
    DRAFT_OUTDATED = "draft_outdated"
    REPLY_HELD = "reply_held"
    REPLY_SENDING = "reply_sending"
    REPLY_SENT = "reply_sent"
    REPLY_DELAYED = "reply_delayed"
    REPLY_FAILED = "reply_failed"
    REPLY_UNCERTAIN = "reply_uncertain"
    REPLY_RECALLED = "reply_recalled"
    REPLY_SETTLED = "reply_settled"
    REPLY_RETRIED = "reply_retried"
    REPLY_CORRECTED = "reply_corrected"
    REPLY_REMOVED = "reply_removed"
    NOTE_WRITTEN = "note_written"
    NOTE_REMOVED = "note_removed"
    SESSION_ENDED = "session_ended"
    QUEUE_REMINDED = "queue_reminded"
    CRISIS_CALLED = "crisis_called"
    FAN_FORGOTTEN = "fan_forgotten"
    FAN_OPTED_OUT = "fan_opted_out"
    FAN_OPTED_IN = "fan_opted_in"
    CONSENT_PROPOSED = "consent_proposed"
    CONSENT_ASKED = "consent_asked"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_OVER = "consent_over"
    MEMORY_CHANGED = "memory_changed"
    ACCOUNTS_LINKED = "accounts_linked"
    HOLD_BEGAN = "hold_began"
    HOLD_LIFTED = "hold_lifted"
    SURGE_BEGAN = "surge_began"
    SURGE_ENDED = "surge_ended"
    UNANSWERED_LISTED = "unanswered_listed"
    TOPIC_CHANGED = "topic_changed"
    DIGEST_SENT = "digest_sent"
    TEXTS_DROPPED = "texts_dropped"
    ASSISTANT_ON = "assistant_on"
    ASSISTANT_OFF = "assistant_off"
    ASSISTANT_ASKED = "assistant_asked"
    ASSISTANT_ANSWERED = "assistant_answered"
    ASSISTANT_DECLINED = "assistant_declined"
    ASSISTANT_ALLOWED = "assistant_allowed"
    ASSISTANT_TAKEN_OFF = "assistant_taken_off"
    UPDATE_SET_ASIDE = "update_set_aside"
    UPDATE_IGNORED = "update_ignored"
    TEMPLATES_KEPT_IN_USE = "templates_kept_in_use"
    TEMPLATES_MENDED = "templates_mended"
    PATCH_TAKEN = "patch_taken"
    PATCH_DROPPED = "patch_dropped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event. `seq` counts up and is never used again; `by` is a manager's key, or None for the program."""

    seq: int
    at: datetime
    name: Happened
    by: str | None = None
    post_id: str | None = None
    draft_id: str | None = None
    delivery_id: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)
