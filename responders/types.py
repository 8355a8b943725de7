"""The values that travel through the pipeline. All frozen and keyword-only: change means a new value.

Times are timezone-aware and in UTC. Texts are already cleaned (NFC, no NUL, no lone surrogates).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

AttachmentKind = Literal["image", "video", "audio", "file", "link"]
RepliesTo = Literal["us", "fan", "staff", "nobody"]
Sentiment = Literal["positive", "neutral", "negative", "mixed"]
Mood = Literal["light", "glad", "proud", "hurt", "angry", "worried", "plain"]
"""How an author sounds."""
Tell = Literal["platform", "version", "number", "since_when", "what_came_before", "order", "picture", "name"]
"""What a post can say by itself."""
GATES = ("crisis", "legal", "minor", "toxic", "spam")
"""What is never answered from a template, the most urgent first."""


class Outcome(StrEnum):
    """What becomes of a post."""

    DRAFT = "draft"
    HANDOFF = "handoff"
    SILENT = "silent"


class ReasonCode(StrEnum):
    """Why a post ended as it did."""

    INTENT = "intent"
    LOW_CONFIDENCE = "low_confidence"
    GATE = "gate"
    NOT_ADDRESSED = "not_addressed"
    ANSWERED = "answered"
    FOLLOW_UP = "follow_up"
    CAP = "cap"
    OPTED_OUT = "opted_out"
    BY_HAND = "by_hand"
    NO_TEMPLATE = "no_template"
    NO_FRESH_WORDING = "no_fresh_wording"
    NO_ANSWER = "no_answer"
    NOT_TEXT = "not_text"
    STAFF_OR_BOT = "staff_or_bot"
    TOO_OLD = "too_old"


class Level(StrEnum):
    """What a voice check says of a text."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A code of the closed vocabulary and one sentence that a manager reads."""

    code: ReasonCode
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who wrote a post. `id` is the platform's, unique on that platform."""

    id: str
    name: str
    is_staff: bool = False
    is_bot: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """Something that came with a post. We never look inside it."""

    kind: AttachmentKind
    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What is known of the channel a post stands in; nothing where the channel's id is its name."""

    name: str = ""
    """As people call the channel; for a thread, the channel around it."""
    parent: str | None = None
    """Id of the channel around a thread: what a message in the thread replies to may stand there."""
    topic: str = ""
    """A thread's title and tags."""
    locale: str | None = None
    """The channel's own language, where it has one."""
    register: str | None = None
    """The channel's own manner, where it has one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One message of the community, as the platform's adapter translated it.

    `external_id` is the platform's message id; `reply_to` the external id of the message it natively replies to.
    """

    platform: str
    channel: str
    external_id: str
    author: Author
    text: str
    at: datetime
    reply_to: str | None = None
    attachments: tuple[Attachment, ...] = ()
    mentions_us: bool = False
    """The platform says that the post mentions our account."""
    place: Place = Place()
    quote: str = ""
    """The words of another message that its author set before it, as Telegram's quotes are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One earlier or later message around the post, as far as the pipeline needs it."""

    role: Literal["author", "fan", "staff", "us"]
    """`author`: the writer of the post at hand; `fan`: somebody else; `us`: a reply this product sent."""
    name: str
    text: str
    at: datetime
    replies_to_post: bool = False
    """True when this message natively replies to the post at hand."""
    in_thread: bool = True
    """True when it belongs to the post's own reply thread, False when it merely stands nearby in the channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PastReply:
    """A wording of ours that is waiting, approved or sent: for freshness, limits and the not-a-twin check."""

    text: str | None
    """None once the text's time to be kept is over; `opener` is empty then."""
    opener: str
    template: str | None
    variant: str | None
    at: datetime
    same_channel: bool
    same_fan: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """All that is known around a post when it is judged, loaded in one go. `now` is the only clock the pipeline has."""

    now: datetime
    community: str
    locale: str = "en"
    register: str = "default"
    channel_name: str = ""
    replies_to: RepliesTo = "nobody"
    addressed: bool = False
    """True when the post replies to us or mentions us; the pipeline adds whether it speaks to us by name."""
    before: tuple[Turn, ...] = ()
    """What was said before the post, oldest first."""
    after: tuple[Turn, ...] = ()
    """What was said after it, oldest first: the answer may already be there."""
    past_replies: tuple[PastReply, ...] = ()
    """Newest first: the last 50 of the channel, and the last 50 to this fan wherever they were."""
    cap: str | None = None
    """The cap that is used up, as a phrase for a person ("3 replies a day to one fan"), or None."""
    opted_out: bool = False
    one_language: bool = False
    """The channel was given a language of its own: replies are in that one, whatever a fan writes in."""
    call_name: str | None = None
    """How the platform shows the fan's name, cleaned and short; None when it cannot be said aloud."""
    first_post: bool = False
    """Nothing else of this author is known from this channel."""
    asked: bool = False
    """A manager asked for a card: caps, low confidence and not being addressed do not count, the gates do."""
    history_opt_in: bool = False
    """The fan asked to be remembered."""
    forced_intent: str | None = None
    """A manager named the intent (`relabel`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """Words of the post, verbatim, that name what it is about."""

    kind: str
    """work, thing, number, version, title, feature or place_in_product"""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """What raised a gate: how sure that is, and the part of the post that did."""

    gate: str
    chance: float
    part: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """What the pipeline read in a post."""

    intent: str | None = None
    confidence: float = 0.0
    intents: tuple[tuple[str, float], ...] = ()
    """All intents with their probability, the surest first."""
    situations: tuple[tuple[str, float], ...] = ()
    """The likeliest of what exactly happened (situations.yaml, and the operators' own), the surest first."""
    second: str | None = None
    """An intent of what the post also does: "also asks a question"."""
    mood: Mood = "plain"
    tells: frozenset[str] = frozenset()
    """What the post tells by itself: platform, version, number, since_when, what_came_before, order, picture, name."""
    sentiment: Sentiment = "neutral"
    language: str = "en"
    risk: tuple[str, ...] = ()
    """The gates that hold the post for a person, the most urgent first."""
    alarms: tuple[Alarm, ...] = ()
    """What raised the gates of `risk`; and a crisis not likely enough to call anybody, which a person reads."""
    unread: tuple[str, ...] = ()
    """The analyzers that failed, as words for a person."""
    faults: tuple[str, ...] = ()
    """What they raised, for the operator."""
    details: tuple[Detail, ...] = ()
    resolves: bool = False
    """The fan says that what they wrote before is settled ("never mind, fixed it")."""
    nearest: str | None = None
    """The operator's example that is most like the post: shown to managers as the why."""
    faq: tuple[tuple[str, float], ...] = ()
    """For a post that asks: keys of the FAQ answers with their likeness, the best first, sure or not."""

    def detail(self, kind: str | None = None) -> str | None:
        """The first detail of that kind, or the first of any; None if there is none."""
        return next((d.text for d in self.details if kind is None or d.kind == kind), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingSlot:
    """Words that only the approver can give, and the question that asks for them."""

    name: str
    ask: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a candidate's text was made, so that it can be finished when the manager's words arrive.

    It carries its own source: what was shown is what is finished, even if the operator edits the template meanwhile.
    """

    source: str
    slots: Mapping[str, str] = field(default_factory=dict)
    """Values known when the draft was made; an optional slot without a value is the empty string."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """`ask_approver` slots: name -> question."""
    required: tuple[str, ...] = ()
    """Those of `asks` without which the text cannot go out."""
    signers: tuple[str, ...] = ()
    """Slots filled with the first name of the manager who decides."""
    locale: str = "en"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, for the store."""
        return {
            "source": self.source,
            "slots": dict(self.slots),
            "asks": dict(self.asks),
            "required": list(self.required),
            "signers": list(self.signers),
            "locale": self.locale,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        """The inverse of `as_dict`."""
        return cls(
            source=data["source"],
            slots=dict(data["slots"]),
            asks=dict(data["asks"]),
            required=tuple(data["required"]),
            signers=tuple(data["signers"]),
            locale=data["locale"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """One voice check's verdict. `note` is a short sentence for the manager, empty when it passed."""

    id: str
    level: Level
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """A text on its way to a fan, as the voice checks see it."""

    text: str
    intent: str | None = None
    own_words: bool = False
    """True when a manager wrote it: promises of the heart are theirs to make, and most checks only warn."""
    quoted: tuple[str, ...] = ()
    """Parts of `text` that are not fixed template words: slot values, the fan's own words, what the approver typed."""
    sources: tuple[str, ...] = ()
    """Where its slots took their words from."""
    answer: bool = False
    """True for an FAQ answer, which has a source and may repeat."""
    unfinished: bool = False
    """True while words are still to come that only the approver can give."""
    template: str | None = None
    variant: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A reply that a responder offers."""

    text: str
    template: str
    variant: str
    responder: str = ""
    recipe: Recipe | None = None
    missing: tuple[MissingSlot, ...] = ()
    quoted: tuple[str, ...] = ()
    """As in `Wording`; placeholders for words still to come are among them."""
    sources: tuple[str, ...] = ()
    """As in `Wording`."""
    answer: bool = False
    """As in `Wording`."""
    sure: bool = True
    """False for a reply that may not be the one for this post: a person picks among the nearest."""
    chance: float = 1.0
    """That its template is the one for the post."""
    fit: float = 0.0
    """How closely its conditions fit the post; higher is closer. Among equals freshness decides."""
    why: str = ""
    checks: tuple[CheckResult, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of the trace that `greenroom try` prints."""

    stage: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What the pipeline says of a post: one outcome, one reason, and for a draft the wording with up to two others.

    A hand-off of a question has no wording, but may have alternatives: the nearest answers, for a person to pick one.
    """

    outcome: Outcome
    reason: Reason
    understanding: Understanding
    candidate: Candidate | None = None
    alternatives: tuple[Candidate, ...] = ()
    priority: int = 0
    """Higher is more urgent: 100 crisis, 80 other gates, 50 complaints, 30 questions, 10 the rest."""
    trace: tuple[Step, ...] = ()
