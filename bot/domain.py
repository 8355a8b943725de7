"""Drafts, decisions and deliveries, and the table of legal moves. Pure: no clock, no store, no platform."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from bot.consent import Button
from responders.types import ASSISTANT, CheckResult, MissingSlot, Post, ReasonCode, Recipe


class Purpose(StrEnum):
    """What a draft is for."""

    REPLY = "reply"
    ASK = "ask"
    """Asks the author of its post for a yes, by buttons."""
    CREDIT = "credit"
    """Thanks a fan who helped another one."""
    STAGE = "stage"
    """Shows what a fan made or reached."""
    INTRODUCTION = "introduction"
    """Makes two fans known to each other."""
    TOLD_BACK = "told_back"
    """Tells a fan what became of what they said."""


class DraftState(StrEnum):
    """The state of a draft."""

    WAITING = "waiting"
    SNOOZED = "snoozed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class DeliveryState(StrEnum):
    """The state of a delivery."""

    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    RECALLED = "recalled"
    REMOVED = "removed"


class Action(StrEnum):
    """What a manager can do with a draft."""

    APPROVE = "approve"
    EDIT = "edit"
    REWORD = "reword"
    FILL = "fill"
    PROPOSE = "propose"
    OPEN = "open"
    REJECT = "reject"
    SNOOZE = "snooze"
    HANDOVER = "handover"
    RELABEL = "relabel"
    UNDO = "undo"
    SETTLE = "settle"
    RETRY = "retry"
    CORRECT = "correct"
    REMOVE = "remove"


class Cause(StrEnum):
    """Why a draft moves without a manager."""

    POST_EDITED = "post_edited"
    POST_DELETED = "post_deleted"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    OPTED_OUT = "opted_out"
    FORGOTTEN = "forgotten"
    TOO_OLD = "too_old"
    TIME_UP = "time_up"
    FACT_CHANGED = "fact_changed"
    CONSENT_ENDED = "consent_ended"
    MARK_UNDONE = "mark_undone"
    ON_HOLD = "on_hold"
    ASSISTANT = "assistant"
    """A language model read the post, and the rules made something else of it."""


_S, _A, _C = DraftState, Action, Cause

MOVES: Mapping[tuple[DraftState, Action | Cause], DraftState] = {
    (_S.WAITING, _A.APPROVE): _S.APPROVED,
    (_S.WAITING, _A.EDIT): _S.APPROVED,
    (_S.WAITING, _A.REWORD): _S.WAITING,
    (_S.WAITING, _A.FILL): _S.WAITING,
    (_S.WAITING, _A.PROPOSE): _S.WAITING,
    (_S.WAITING, _A.OPEN): _S.WAITING,
    (_S.WAITING, _A.REJECT): _S.REJECTED,
    (_S.WAITING, _A.SNOOZE): _S.SNOOZED,
    (_S.WAITING, _A.HANDOVER): _S.SUPERSEDED,
    (_S.WAITING, _A.RELABEL): _S.SUPERSEDED,
    (_S.REJECTED, _A.UNDO): _S.WAITING,
    (_S.APPROVED, _A.UNDO): _S.WAITING,
    (_S.SNOOZED, _C.TIME_UP): _S.WAITING,
    **{
        (state, cause): target
        for state in (_S.WAITING, _S.SNOOZED, _S.APPROVED)
        for cause, target in (
            (_C.POST_EDITED, _S.SUPERSEDED),
            (_C.POST_DELETED, _S.WITHDRAWN),
            (_C.ANSWERED, _S.WITHDRAWN),
            (_C.RESOLVED, _S.WITHDRAWN),
            (_C.OPTED_OUT, _S.WITHDRAWN),
            (_C.FORGOTTEN, _S.WITHDRAWN),
            (_C.FACT_CHANGED, _S.SUPERSEDED),
            (_C.CONSENT_ENDED, _S.WITHDRAWN),
            (_C.MARK_UNDONE, _S.WITHDRAWN),
        )
    },
    (_S.APPROVED, _C.ON_HOLD): _S.WAITING,
    (_S.WAITING, _C.ASSISTANT): _S.WAITING,
    (_S.WAITING, _C.TOO_OLD): _S.EXPIRED,
    (_S.APPROVED, _C.TOO_OLD): _S.EXPIRED,
}
"""(state, action or cause) -> next state. What is not here cannot happen. A snoozed draft is woken before a manager's
action. A move out of `approved` also needs a delivery that is `UNSENT`, and recalls it."""

NEW_REVISION = frozenset({Action.REWORD, Action.FILL, Action.PROPOSE, Action.UNDO})
"""Actions that change the text on the card. A later press on the old text is refused."""

ON_SENT_REPLY = frozenset({Action.SETTLE, Action.RETRY, Action.CORRECT, Action.REMOVE})
"""Actions on the reply of an approved draft. The draft stays `approved`."""

LIVE = (DraftState.WAITING, DraftState.SNOOZED)
"""States in which a draft waits for somebody."""

SKIP_REASONS = ("no reply needed", "the post was misread", "the wording is not right", "somebody answers elsewhere")
"""Why a post gets no reply, as the surfaces offer it. Another reason may hold a fan's words, and is not counted."""

UNSENT = (DeliveryState.HELD, DeliveryState.FAILED)
"""The platform certainly does not have the reply, and it is not being sent."""

_D = DeliveryState
DELIVERY_MOVES: frozenset[tuple[DeliveryState, DeliveryState]] = frozenset(
    {
        (_D.HELD, _D.SENDING),
        (_D.HELD, _D.RECALLED),
        (_D.SENDING, _D.HELD),  # certainly not sent: it is tried again later
        (_D.SENDING, _D.RECALLED),  # the last check before sending: the post is gone or changed
        (_D.SENDING, _D.SENT),
        (_D.SENDING, _D.FAILED),
        (_D.SENDING, _D.UNCERTAIN),
        (_D.UNCERTAIN, _D.SENT),
        (_D.UNCERTAIN, _D.FAILED),
        (_D.FAILED, _D.HELD),
        (_D.FAILED, _D.RECALLED),  # the post is gone or changed, and the reply was certainly not sent
        (_D.SENT, _D.REMOVED),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a message goes. `reply_to` is the external id of the post it answers; empty for one that answers none."""

    platform: str
    channel: str
    reply_to: str


BY_FAN = "fan"
"""Stands for a manager's key where a fan takes something of theirs back. No manager can have it."""

LOBBY = ("lobby", "lobby-help", "lobby-showcase")
"""The web platform's channels where anyone signed in can try the product as a fan."""


def seal(text: str, target: Target) -> str:
    """SHA-256 (hex) of exactly this text to exactly this target. A yes is bound to it."""
    parts = (target.platform, target.channel, target.reply_to, text)
    return hashlib.sha256("\x00".join(f"{len(p)}:{p}" for p in parts).encode()).hexdigest()


def clean(text: str) -> str:
    """Text from outside in the form that we use inside: no NUL, no lone surrogates, NFC."""
    text = text.replace("\x00", "")
    return unicodedata.normalize("NFC", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def visible(text: str) -> bool:
    """True if a reader would see something, not only spaces, controls and zero-width characters."""
    return any(unicodedata.category(c)[0] not in "CZ" for c in text)


def exempt_from_caps(platform: str, channel: str) -> bool:
    """True for places to try things out: the lobby's channels and replays."""
    return platform == "replay" or (platform == "web" and channel in LOBBY)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPost:
    """A post as the store keeps it. `post.text` is empty once its words were dropped."""

    id: str
    post: Post
    thread: str
    """Our id of the post that started the reply thread; its own id if it started the thread."""
    version: int
    """Counts the fan's edits, from 1."""
    received_at: datetime
    deleted: bool = False
    kept: bool = True
    """False once its words were dropped."""
    action: Literal["draft", "handoff", "silent"] | None = None
    intent: str | None = None
    reason_code: str | None = None
    reason: str | None = None
    understanding: Mapping[str, object] | None = None
    forced_intent: str | None = None
    edited_at: datetime | None = None
    """When the fan edited the words, by the platform's clock; None if never, or if the platform did not say."""

    @property
    def written_at(self) -> datetime:
        """When the post was written, by the platform's clock; if that is ahead of ours, when we got it."""
        return min(self.post.at, self.received_at)

    @property
    def target(self) -> Target:
        """Where a reply to this post goes."""
        return Target(platform=self.post.platform, channel=self.post.channel, reply_to=self.post.external_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Another wording that can be put on the card, or sent from a hand-off by one press."""

    text: str
    template: str
    variant: str
    reading: str = ""
    """How the post is read if this is the reply ("as praise"), or the FAQ's question; empty if that is sure."""
    recipe: Recipe | None = None
    missing: tuple[MissingSlot, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """The operators' facts in it: name -> what it says."""

    @property
    def by_model(self) -> bool:
        """Whether a language model wrote it."""
        return self.template == ASSISTANT


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """What lay on the card before a manager wrote other words over it."""

    text: str
    source: str | None = None
    """The wording that it was made of, with its slots; None if it has none."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """What stood in them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A reply that waits for a yes, or a hand-off: without a text, for a manager to answer or close."""

    id: str
    post_id: str
    kind: Literal["draft", "handoff"]
    state: DraftState
    revision: int
    priority: int
    reason_code: ReasonCode
    why: str
    created_at: datetime
    waiting_since: datetime
    text: str | None = None
    template: str | None = None
    variant: str | None = None
    intent: str | None = None
    own_words: bool = False
    recipe: Recipe | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    """Slots the manager has filled so far."""
    alternatives: tuple[Alternative, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    missing: tuple[MissingSlot, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """The operators' facts in its text, or in the text that a manager replaced: name -> what it says."""
    risk: tuple[str, ...] = ()
    follow_up: bool = False
    """The post answers a question of ours, so it does not count against the caps."""
    expires_at: datetime | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    opened_by: str | None = None
    opened_at: datetime | None = None
    assigned_to: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reminded_at: datetime | None = None
    cause: str | None = None
    """Why it was withdrawn, superseded or rejected."""
    purpose: Purpose = Purpose.REPLY
    target: Target | None = None
    """Where it goes, if not to its post."""
    proposed: Proposed | None = None
    """What a manager's own words replaced; None without any, and where they replaced nothing."""
    changed: float | None = None
    """The share of its words that they changed, 0 to 1."""
    skip_reason: str | None = None
    """Why it was skipped, if that is one of `SKIP_REASONS`."""

    @property
    def live(self) -> bool:
        """True while it waits for somebody."""
        return self.state in LIVE

    @property
    def by_model(self) -> bool:
        """Whether a language model wrote its text, and nobody has changed it."""
        return self.template == ASSISTANT and not self.own_words

    @property
    def typed_by_hand(self) -> bool:
        """True if a manager wrote its text, or words in it."""
        return self.own_words or bool(self.typed)

    @property
    def all_facts(self) -> Mapping[str, str]:
        """The facts of its text and of its alternatives."""
        return {**{name: said for other in self.alternatives for name, said in other.facts.items()}, **self.facts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One press of a manager, from any surface. `by` is the manager's key in config.yaml."""

    draft_id: str
    revision: int
    by: str
    action: Action
    text: str | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    alternative: int | None = None
    """Number of the alternative, from 1: for `reword`, None for the next; for `approve`, the one that is sent from a
    hand-off, None for the text on the card."""
    reason: str | None = None
    minutes: int | None = None
    to: str | None = None
    intent: str | None = None
    arrived: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The record of a yes: who, when, and the seal of exactly what may go out and where."""

    id: str
    draft_id: str
    revision: int
    action: Action
    by: str
    at: datetime
    seal: str | None = None
    text: str | None = None
    draft_text: str | None = None
    """What had been proposed, where the manager wrote something else: both are kept."""
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An approved text on its way out. `reply_id` is the id of the first delivery of this reply."""

    id: str
    reply_id: str
    kind: Literal["send", "correct", "remove"]
    draft_id: str
    post_id: str
    post_version: int
    decision_id: str
    target: Target
    text: str | None
    seal: str
    state: DeliveryState
    nonce: str
    """Sent with every try, so that the platform can recognise a repeated one; at most 25 characters."""
    due_at: datetime
    """The end of the undo window, or of a wait that the platform asked for."""
    approved_by: str
    created_at: datetime
    attempts: int = 0
    """Tries and look-ups since we last knew for certain that it was not sent."""
    lease_until: datetime | None = None
    external_id: str | None = None
    """The receipt: the platform's id of our reply. For `correct` and `remove`, of the reply that they change."""
    sent_at: datetime | None = None
    error: str | None = None
    buttons: tuple[Button, ...] = ()
    """What the fan can press under it, while it is sent. Not stored: each is made from the consent that it asks for."""
    ask_id: str | None = None
    """The consent that the buttons are for."""

    @property
    def can_be_undone(self) -> bool:
        """True while the platform cannot have it. It may have a change that was tried once: Telegram cannot tell."""
        return self.state is DeliveryState.HELD and (self.kind == "send" or self.error is None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The platform has it. `external_id` is its id there."""

    external_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotSent:
    """The platform certainly does not have it. `retry_after` None: the platform refuses it, and a person decides.

    Otherwise it is tried again after at least so many seconds, with growing pauses, until it is too old. `full`: the
    platform takes nothing before then, so the wait is exactly that long. `unanswered`: the platform could not be
    reached, or failed on its side; after some of these in a row it is left alone for a while.
    """

    reason: str
    retry_after: float | None = None
    full: bool = False
    unanswered: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Uncertain:
    """Nobody can tell whether the platform has it, so a person looks and settles it.

    With `retry_after` the platform can be asked again after so many seconds, see `look_up`. `asked` is False if it
    could not be asked now; that does not count as a look-up. `unanswered`: see `NotSent`.
    """

    reason: str
    retry_after: float | None = None
    asked: bool = True
    unanswered: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceGone:
    """The post is no longer what it was at the yes. Nothing was sent."""

    cause: Cause


SendResult = Sent | NotSent | Uncertain | SourceGone


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a manager wrote for the others about a post. Fans never read it, unless they ask what is stored."""

    id: str
    by: str
    at: datetime
    text: str
    names: tuple[str, ...] = ()
    """The keys of the managers whom it names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The state of a draft when a command was refused."""

    state: DraftState
    revision: int
    decided_by: str | None
    decided_at: datetime | None


class Refused(Exception):
    """The desk refuses a command, with a code of the contract and one sentence. Nothing was changed.

    `draft` is the state of the draft; `checks` are those that block.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        draft: Draft | Snapshot | None = None,
        checks: tuple[CheckResult, ...] = (),
    ) -> None:
        """Codes: not_found, not_a_manager, already_decided, stale_revision, withdrawn, superseded, expired, too_late,
        blocked, bad_action, key_used, on_hold, not_on_hold."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.draft = draft and Snapshot(
            state=draft.state, revision=draft.revision, decided_by=draft.decided_by, decided_at=draft.decided_at
        )
        self.checks = checks
