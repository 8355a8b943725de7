"""What each stored column holds. It decides what a fan is shown, and what is erased when."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Table

from bot.store import tables


class Holds(StrEnum):
    """What a column holds about whom. A row is deleted after `keep.rows`, unless its table says otherwise."""

    WORDS = "words"
    """Words of a fan, and words about them or in answer to them. Shown to the fan; emptied after `keep.post_text`, if
    the fan deletes the post, and by /forget."""
    WHO = "who"
    """Who the fan is. Shown to the fan; emptied by /forget."""
    FACT = "fact"
    """What happened, where and when. Shown to the fan."""
    TEAM = "team"
    """Who of the team did it. Not shown to fans: it is about somebody else."""
    KEY = "key"
    """Ids, hashes, seals and leases, which keep us from posting twice. Nothing to read."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_W, _I, _F, _T, _K = Holds.WORDS, Holds.WHO, Holds.FACT, Holds.TEAM, Holds.KEY

COLUMNS: Mapping[Table, Mapping[Holds, Collection[str]]] = {
    tables.posts: {
        _W: _names("author_name text attachments place quote understanding reason"),
        _I: _names("author_id"),
        _F: _names(
            "id platform channel external_id reply_to is_staff is_bot mentions_us at received_at edited_at version "
            "deleted action intent reason_code forced_intent"
        ),
        _K: _names("thread kept tries"),
    },
    tables.parts: {
        _W: _names("text"),
        _F: _names("post_id platform channel external_id edited_at"),
        _K: _names("album"),
    },
    tables.drafts: {
        _W: _names("why text opener text_hash recipe typed alternatives checks missing facts all_facts proposed"),
        _I: _names("fan_id"),
        _F: _names(
            "id post_id platform channel kind state revision priority reason_code created_at waiting_since template "
            "variant intent own_words risk follow_up expires_at snoozed_at snoozed_until opened_at decided_at "
            "reminded_at cause purpose first_template first_variant changed skip_reason"
        ),
        _T: _names("opened_by assigned_to decided_by"),
        _K: _names("target"),
    },
    tables.decisions: {
        _W: _names("text draft_text note"),
        _F: _names("draft_id revision action at"),
        _T: _names("by"),
        _K: _names("id seal"),
    },
    tables.deliveries: {
        _W: _names("text"),
        _F: _names(
            "id kind draft_id post_id post_version platform channel reply_to state due_at created_at attempts "
            "external_id sent_at error"
        ),
        _T: _names("approved_by"),
        _K: _names("reply_id decision_id seal nonce lease_until session"),
    },
    # Where a card is, and a fingerprint of what it shows.
    tables.cards: {_K: _names("draft_id surface message_id shown_revision shown_state face settled")},
    # Deleted after `keep.events`. No event has a fan's words or name; `data` may name managers.
    tables.events: {_F: _names("at name post_id"), _T: _names("by data"), _K: _names("seq draft_id delivery_id")},
    # The fan's choices. An opt-out stays after /forget, as the fan wishes; of a no to the model a mark, see `marks`.
    tables.fans: {
        _F: _names("opted_out_at forgetting_since assistant_declined_at"),
        _K: _names("platform fan_id person_id"),
    },
    # What a fan asked us to remember. The rows are deleted by /forget.
    tables.people: {_I: _names("call_name"), _F: _names("since"), _K: _names("id")},
    tables.things: {_W: _names("text"), _F: _names("at"), _K: _names("id person_id")},
    tables.honours: {_F: _names("kind post_id at"), _K: _names("id person_id")},
    tables.link_codes: {_K: _names("code_hash person_id until")},
    # Each question to a fan and the answer: deleted by /forget. `work` is emptied when the yes ends.
    tables.consents: {
        _W: _names("credit work"),
        _I: _names("fan_id"),
        _F: _names(
            "kind state platform post_id wording created_at asked_at answered_at ended_at scope days incentive link"
        ),
        _T: _names("asked_by"),
        _K: _names("id draft_id partner"),
    },
    tables.uses: {_K: _names("draft_id consent_id")},
    tables.holds: {_T: _names("id by at reason lifted_by lifted_at")},
    # A topic's name and reason are managers' words, or the name of a situation.
    tables.topics: {
        _F: _names("name state"),
        _T: _names("id named_by situation team reason decided_by decided_at created_at"),
    },
    # Which posts a topic was heard in: as long as their rows, but not after a delete or /forget.
    tables.voices: {_F: _names("post_id at"), _K: _names("topic_id")},
    # Updates of a platform that could not be read: deleted after `keep.post_text`, and by /forget.
    tables.inbox: {_W: _names("raw"), _F: _names("platform update_id received_at set_aside")},
    # Copies of answers, kept for a day. A row is deleted earlier if the words in it are.
    tables.requests: {_K: _names("key fingerprint answer post_id at")},
    # Ids of deleted messages, so that they do not come back.
    tables.tombstones: {_K: _names("platform channel external_id at")},
    # Managers by role: /forget deletes the name. Their keys stay in the trail of who said yes.
    tables.role_holders: {_T: _names("key name")},
    tables.sessions: {_T: _names("manager at device seen_at"), _K: _names("sid_hash")},
    # A manager's note on a post is words about its fan. Whom it names is the team's.
    tables.notes: {_W: _names("text"), _F: _names("post_id at"), _T: _names("by"), _K: _names("id")},
    tables.mentions: {_T: _names("manager seen_at"), _K: _names("note_id")},
    # What a language model was asked about: which card, when, how much, and what became of it. None of the words.
    tables.assistant_calls: {
        _F: _names("draft_id at model host characters outcome"),
        _K: _names("checks took_ms tokens_in tokens_out"),
    },
    # How far a channel is read, a surface's notes (message ids), and marks: keyed hashes of accounts.
    tables.cursors: {_K: _names("platform channel position at")},
    tables.leases: {_K: _names("name holder until session")},
}


def shown(table: Table) -> list[str]:
    """The columns that a fan may see of rows about them."""
    held = COLUMNS[table]
    return [name for kind in (_I, _F, _W) for name in held.get(kind, ())]


def emptied(table: Table, *kinds: Holds) -> dict[str, Any]:
    """The empty values for columns of these kinds."""
    names = [name for kind in kinds for name in COLUMNS[table].get(kind, ())]
    return {name: None if table.c[name].nullable else "" for name in names}
