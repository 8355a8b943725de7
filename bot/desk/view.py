"""A draft as surfaces, pages and the API get it from the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain import Alternative, Delivery, DeliveryState, Draft, DraftState, Note, Purpose, StoredPost
from responders.types import Alarm, CheckResult, Turn

SHOWN_OR_KEPT = frozenset({"ugc_shared", "milestone", "recommendation", "helping", "answer"})
"""Intents of posts that others may want to see, or that may help others."""


COMPLAINT = "complaint"


def _may_be_asked(post: StoredPost) -> bool:
    """Whether the author of a post may be asked for anything: a fan, whose words are not at a gate and no complaint."""
    author, gate = post.post.author, (post.understanding or {}).get("risk")
    fan = bool(author.id) and not (author.is_staff or author.is_bot)
    return fan and post.kept and not post.deleted and not gate and post.intent != COMPLAINT


@dataclass(frozen=True, kw_only=True, slots=True)
class CardView:
    """A draft with its post, the messages before it, and the deliveries."""

    draft: Draft
    post: StoredPost
    thread: tuple[Turn, ...] = ()
    """Oldest first."""
    deliveries: tuple[Delivery, ...] = ()
    """Of the reply and of its changes, newest first."""
    alarms: tuple[Alarm, ...] = ()
    """What raised a gate. Empty once the post's words were dropped, as is `unread`."""
    unread: tuple[str, ...] = ()
    """What could not be read in the post, in words for a person."""
    writing: str | None = None
    """The key of the manager who is writing a reply now."""
    undo_until: datetime | None = None
    """Until when the last decision can be taken back; None if it cannot."""
    notes: tuple[Note, ...] = ()
    """Of managers, the oldest first."""
    remembered: str = ""
    """What the fan asked us to remember, in a line; empty for everybody else."""
    asked: bool = False
    """Its author was asked for the stage, or to keep their answer."""
    hold: str | None = None
    """Why nothing is sent now, as whoever holds everything back wrote it; None if nothing is held back."""

    @property
    def waits(self) -> bool:
        """True while it asks for a decision now."""
        return self.draft.state is DraftState.WAITING

    @property
    def askable(self) -> bool:
        """Whether its author may be asked for the stage, or to keep their answer, as far as a card knows."""
        draft = self.draft
        fitting = draft.purpose is Purpose.REPLY and not draft.risk and draft.intent != COMPLAINT
        return fitting and not self.asked and _may_be_asked(self.post)

    @property
    def may_ask(self) -> bool:
        """Whether asking suggests itself: others may want to see what was written, or it may help them."""
        return self.askable and self.draft.intent in SHOWN_OR_KEPT and (self.waits or self.sent)

    @property
    def settles(self) -> bool:
        """Whether a manager may still say that the post needs no answer: its draft has expired."""
        draft, post = self.draft, self.post
        expired = draft.state is DraftState.EXPIRED and draft.purpose is Purpose.REPLY
        return expired and post.kept and not post.deleted

    @property
    def sent(self) -> bool:
        """Whether its text stands on the platform."""
        return self.reply is not None and self.reply.state is DeliveryState.SENT

    @property
    def snoozed_until(self) -> datetime | None:
        """When it waits again; None unless it is snoozed."""
        return self.draft.snoozed_until if self.draft.state is DraftState.SNOOZED else None

    @property
    def place(self) -> str:
        """The name of the channel."""
        return self.post.post.place.name or self.post.post.channel

    @property
    def ready(self) -> tuple[Alternative, ...]:
        """The ready replies of a hand-off, each sent by one press; their numbers start at 1."""
        return self.draft.alternatives if self.draft.kind == "handoff" and not self.draft.text else ()

    @property
    def one_more_by_model(self) -> bool:
        """Whether a language model wrote one of the other wordings of a draft with a text."""
        return bool(self.draft.text) and any(other.by_model for other in self.draft.alternatives)

    @property
    def newest(self) -> Delivery | None:
        """The last delivery."""
        return self.deliveries[0] if self.deliveries else None

    @property
    def reply(self) -> Delivery | None:
        """The last delivery of the reply itself, not of a change to it."""
        return next((d for d in self.deliveries if d.kind == "send"), None)

    @property
    def reply_text(self) -> str:
        """The reply as it is on the platform; empty if there is none, or if its words were dropped."""
        return (self.reply.text or "") if self.reply and self.sent else ""

    def stands(self, revision: int) -> bool:
        """Whether it is still open and has the text of this revision."""
        return self.draft.live and self.draft.revision == revision


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftAlone:
    """A post that got nothing, and why, in a sentence."""

    post: StoredPost
    reason: str
    overdue: bool = False
    """It deserved an answer and has waited too long. `reason` says what it was taken for."""
    reply: Draft | None = None
    """The draft of a reply that waits for a yes, or that was approved and has not arrived."""
    asked: bool = False
    """Its author was asked for the stage, or to keep their answer."""

    @property
    def askable(self) -> bool:
        """Whether its author may be asked, as far as a card knows."""
        return not self.asked and _may_be_asked(self.post)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A page of a view of the inbox. `next` is the cursor of the next page."""

    cards: tuple[CardView | LeftAlone, ...]
    next: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What a manager may want to know about a post beside its card."""

    post: StoredPost
    before: tuple[Turn, ...]
    """The messages before it in its thread, else in its channel, with ours; oldest first."""
    said: tuple[Delivery, ...]
    """What we said to its author before, newest first."""
    trace: tuple[str, ...]
    """What was read in it and how sure that is, in sentences."""
    notes: tuple[Note, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remarks:
    """What the checks say of words that somebody is writing, in sentences."""

    stops: tuple[str, ...]
    """Why the words could not be sent."""
    remarks: tuple[str, ...]
    """What is worth a look, and stops nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """The result of a press."""

    card: CardView
    by: str
    """Who decided; if nothing is decided yet, who pressed."""
    at: datetime
    warnings: tuple[CheckResult, ...] = ()
    """Remarks that the presser has not seen yet."""
