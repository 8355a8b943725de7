"""One draft as whoever shows it reads it: the one thing that the desk hands to surfaces, pages and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain import Alternative, Delivery, DeliveryState, Draft, DraftState, StoredPost
from responders.types import Alarm, CheckResult, Turn


@dataclass(frozen=True, kw_only=True, slots=True)
class CardView:
    """A draft with its post, what was said around that, and what became of the draft."""

    draft: Draft
    post: StoredPost
    thread: tuple[Turn, ...] = ()
    """Oldest first."""
    deliveries: tuple[Delivery, ...] = ()
    """Of the reply and of its changes, newest first."""
    alarms: tuple[Alarm, ...] = ()
    """What raised a gate; empty once the post's words are gone, as is `unread`."""
    unread: tuple[str, ...] = ()
    """What could not be read in the post, as words for a person."""
    writing: str | None = None
    """The key of the manager who is writing a reply now."""
    undo_until: datetime | None = None
    """Until when the last decision can be taken back; None when it cannot."""

    @property
    def waits(self) -> bool:
        """True while it asks for a decision now."""
        return self.draft.state is DraftState.WAITING

    @property
    def snoozed_until(self) -> datetime | None:
        """When it is back; None unless it is snoozed."""
        return self.draft.snoozed_until if self.draft.state is DraftState.SNOOZED else None

    @property
    def place(self) -> str:
        """The name of the channel."""
        return self.post.post.place.name or self.post.post.channel

    @property
    def ready(self) -> tuple[Alternative, ...]:
        """The replies of a hand-off of which one press sends one, in the order of their numbers from 1."""
        return self.draft.alternatives if self.draft.kind == "handoff" and not self.draft.text else ()

    @property
    def newest(self) -> Delivery | None:
        """The last delivery."""
        return self.deliveries[0] if self.deliveries else None

    @property
    def reply(self) -> Delivery | None:
        """The last delivery of the reply itself, without its changes."""
        return next((d for d in self.deliveries if d.kind == "send"), None)

    @property
    def reply_text(self) -> str:
        """The reply as it stands on its platform; empty where none does, or its words are gone."""
        return (self.reply.text or "") if self.reply and self.reply.state is DeliveryState.SENT else ""

    def stands(self, revision: int) -> bool:
        """Whether it is still open, with the text of this revision."""
        return self.draft.live and self.draft.revision == revision


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What came of a press."""

    card: CardView
    by: str
    """Who decided; while nothing is decided, who pressed."""
    at: datetime
    warnings: tuple[CheckResult, ...] = ()
    """Remarks that whoever pressed has not read yet."""
