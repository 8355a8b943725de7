"""The values that travel through the pipeline.

All are frozen and keyword-only; a change makes a new value. Times have a timezone and are in UTC. Texts are cleaned
before they get here (NFC, no NUL, no lone surrogates).
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
"""How the author sounds."""
Tell = Literal["platform", "version", "number", "since_when", "what_came_before", "order", "picture", "name"]
"""What a post can tell us by itself."""
ASSISTANT = "assistant"
"""The template's name of a language model's wordings. No operator's template can have it: theirs have a folder before
the id."""
GATES = ("crisis", "legal", "minor", "toxic", "spam")
"""Posts that never get an answer from a template, the most urgent first."""


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
    """A code, and one sentence that a manager reads."""

    code: ReasonCode
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who wrote a post. `id` is unique on its platform."""

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
    file: str | None = field(default=None, repr=False)
    """The platform's own id of a picture that has no public address. No address, and never shown to people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What is known of the channel that a post stands in; empty where the channel's id is its name."""

    name: str = ""
    """The channel as people call it. For a thread: the channel around it."""
    parent: str | None = None
    """The id of the channel around a thread. A message in the thread may reply to a message that stands there."""
    topic: str = ""
    """A thread's title and tags."""
    locale: str | None = None
    """The channel's own language, if it has one."""
    register: str | None = None
    """The channel's own register, if it has one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One message of the community, as a platform's adapter translated it.

    `external_id` is the platform's id of the message; `reply_to` is the external id of the message it replies to.
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
    """True when the platform says that the post mentions our account."""
    place: Place = Place()
    quote: str = ""
    """Words of another message that the author put above the post, as a Telegram quote does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One message before or after the post, with what the pipeline needs of it."""

    role: Literal["author", "fan", "staff", "us"]
    """`author` wrote the post itself, `fan` is somebody else, `us` is a reply that Greenroom sent."""
    name: str
    text: str
    at: datetime
    replies_to_post: bool = False
    """True when this message is a reply to the post."""
    in_thread: bool = True
    """True in the post's own thread; False for a message that merely stands nearby in the channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PastReply:
    """A wording of ours that waits, was approved or was sent. Used for freshness, limits and the not-a-twin check."""

    text: str | None
    """None once the text may no longer be kept; `opener` is empty then."""
    opener: str
    template: str | None
    variant: str | None
    at: datetime
    same_channel: bool
    same_fan: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What a fan asked us to remember. A reply may use it only when the fan speaks to us, see `Context.invited`."""

    since: datetime
    """When they asked for it."""
    call_name: str | None = None
    """What they asked to be called."""
    things: tuple[str, ...] = ()
    """What they want known, in their own words."""
    honours: frozenset[str] = frozenset()
    """`helped` and `on_stage`, where that is so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """A fan's yes to an answer of theirs being passed on, and how to thank them for it."""

    name: str = ""
    """The name that the fan wants there; empty: none."""
    link: str = ""
    """The address of their post; empty where it has none."""
    incentive: str = ""
    """What they got from us for it. A reply that passes the answer on says so (16 CFR 255.5)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondReading:
    """What a language model takes a post for, where our own reader is not sure. Unlike a manager's word it switches no
    rule off."""

    intent: str
    situation: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Everything known around a post when it is judged, loaded in one read. `now` is the pipeline's only clock."""

    now: datetime
    community: str
    locale: str = "en"
    register: str = "default"
    channel_name: str = ""
    replies_to: RepliesTo = "nobody"
    addressed: bool = False
    """True when the post replies to us or mentions us. The pipeline sets it too where a post calls us by name."""
    before: tuple[Turn, ...] = ()
    """Messages before the post, oldest first."""
    after: tuple[Turn, ...] = ()
    """Messages after it, oldest first: the answer may already be among them."""
    past_replies: tuple[PastReply, ...] = ()
    """Newest first: the last 50 of the channel, and the last 50 to this fan in any channel."""
    cap: str | None = None
    """The cap that is reached, in words for a person ("3 replies a day to one fan"), or None."""
    opted_out: bool = False
    one_language: bool = False
    """True when the channel was given a language: replies are in it, whatever language a fan writes."""
    call_name: str | None = None
    """What the fan asked to be called, else their name, cleaned and short; None when it is not safe to say."""
    first_post: bool = False
    """True when this channel knows no other post of the author."""
    asked: bool = False
    """A manager asked for a card: caps, low confidence and not being addressed do not count. The gates still do."""
    history: History | None = None
    """What the fan asked us to remember; None for everybody else."""
    forced_intent: str | None = None
    """The intent that a manager chose (`relabel`)."""
    credits: Mapping[str, Credit] = field(default_factory=dict)
    """The yeses of fans to passing on their answers that count now, by the id of the consent."""
    second_reading: SecondReading | None = None
    assistant: bool = False
    """A language model may help with wordings here, so a reply that says how replies are made says so."""

    @property
    def invited(self) -> History | None:
        """What a reply may say of earlier times: nothing unless the fan asked to be remembered and speaks to us."""
        return self.history if self.addressed else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """Words of the post, verbatim, that name what it is about."""

    kind: str
    """work, thing, number, version, title, feature or place_in_product"""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """What raised a gate: how sure that is, and which part of the post did it."""

    gate: str
    chance: float
    part: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """What the pipeline read in a post."""

    intent: str | None = None
    confidence: float = 0.0
    intents: tuple[tuple[str, float], ...] = ()
    """All intents with their chance, the surest first."""
    situations: tuple[tuple[str, float], ...] = ()
    """The likeliest situations with their chance (those of situations.yaml and the operators' own), the surest
    first."""
    second: str | None = None
    """What the post does besides, as an intent: "It also asks a question"."""
    mood: Mood = "plain"
    tells: frozenset[str] = frozenset()
    """What the post tells by itself: platform, version, number, since_when, what_came_before, order, picture, name."""
    sentiment: Sentiment = "neutral"
    language: str = "en"
    risk: tuple[str, ...] = ()
    """The gates that hold the post for a person, the most urgent first."""
    alarms: tuple[Alarm, ...] = ()
    """What raised the gates in `risk`. Also a crisis too unlikely to call somebody: a person reads the post first."""
    unread: tuple[str, ...] = ()
    """The analyzers that failed, in words for a person."""
    faults: tuple[str, ...] = ()
    """The errors they raised, for the operator."""
    details: tuple[Detail, ...] = ()
    resolves: bool = False
    """The fan says that an earlier post of theirs is settled ("never mind, fixed it")."""
    nearest: str | None = None
    """The operator's example that is most like the post. Managers see it as the reason."""
    faq: tuple[tuple[str, float], ...] = ()
    """Keys of the nearest FAQ answers with their chance, the best first, sure or not."""

    def detail(self, kind: str | None = None) -> str | None:
        """The first detail of that kind, or of any kind; None if there is none."""
        return next((d.text for d in self.details if kind is None or d.kind == kind), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingSlot:
    """Words that only the manager can give, and the question that asks for them."""

    name: str
    ask: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a candidate's text was made, so that it can be finished when the manager's words arrive.

    It carries its own source. What is finished is what was shown, even if the operator edits the template in between.
    """

    source: str
    slots: Mapping[str, str] = field(default_factory=dict)
    """What was known when the draft was made. An optional slot without words is the empty string."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """`ask_approver` slots: name -> question."""
    required: tuple[str, ...] = ()
    """Those of `asks` without which the text cannot go out."""
    signers: tuple[str, ...] = ()
    """Slots for the first name of the manager who decides."""
    locale: str = "en"

    def as_dict(self) -> dict[str, Any]:
        """As values for JSON, for the store."""
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
    """The verdict of one voice check. `note` is a short sentence for the manager, empty when it passed."""

    id: str
    level: Level
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """A text on its way to a fan, as the voice checks see it."""

    text: str
    intent: str | None = None
    own_words: bool = False
    """True when a manager wrote it. Most checks only warn then: a manager may promise or feel what a template may
    not."""
    quoted: tuple[str, ...] = ()
    """Parts of `text` that are not the template's own words: slot values, the fan's words, what the manager typed."""
    sources: tuple[str, ...] = ()
    """Where its slots take their words from. Behind them stands `fan.history` if it is offered only to fans whom we
    remember."""
    answer: bool = False
    """True for an FAQ answer. It has a source, and it may repeat."""
    unfinished: bool = False
    """True while words are missing that only the manager can give."""
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
    """As in `Wording`, with the placeholders for words still to come."""
    sources: tuple[str, ...] = ()
    """As in `Wording`."""
    answer: bool = False
    """As in `Wording`."""
    credit: str | None = None
    """The id of the consent without which it may not be said."""
    sure: bool = True
    """False when it may not be the reply for this post: a person picks among the nearest."""
    chance: float = 1.0
    """The chance that its template is the one for the post."""
    fit: float = 0.0
    """How well its conditions fit the post; higher is better. Among equals, freshness decides."""
    why: str = ""
    checks: tuple[CheckResult, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of the trace that `greenroom try` prints."""

    stage: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What the pipeline says of a post: an outcome, a reason and, for a draft, the wording with up to two others.

    A hand-off has no wording, but may have alternatives: the nearest replies, for a person to pick from.
    """

    outcome: Outcome
    reason: Reason
    understanding: Understanding
    candidate: Candidate | None = None
    alternatives: tuple[Candidate, ...] = ()
    priority: int = 0
    """Higher is more urgent: 100 crisis, 80 other gates, 50 complaints, 30 questions, 10 the rest."""
    trace: tuple[Step, ...] = ()
