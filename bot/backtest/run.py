"""What would have become of each post of an export, and what the team really answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.backtest.history import REMEMBERED, Caps, History
from bot.domain import clean
from bot.exports import Exported
from bot.settings import Settings
from responders.pipeline import Pipeline
from responders.types import Context, Outcome, Post, Proposal, ReasonCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What is replayed, and how."""

    staff: frozenset[str] = frozenset()
    """Accounts of the team: ids, or names with an @. An export does not say who is on it."""
    since: datetime | None = None
    """Older posts are read for their context only."""
    limit: int | None = None
    """The most posts that are judged."""
    caps: bool = False
    """Whether the caps on replies count."""


@dataclass(slots=True)
class Answer:
    """What the team really answered."""

    text: str
    after: timedelta


@dataclass(slots=True)
class Item:
    """One post of a fan, and what would have become of it."""

    id: str
    platform: str
    channel: str
    """Its name, else its id."""
    at: datetime
    text: str
    outcome: Outcome
    reason_code: ReasonCode
    reason: str
    intent: str | None
    situation: str | None
    confidence: float
    language: str
    risk: tuple[str, ...] = ()
    reply: str | None = None
    template: str | None = None
    variant: str | None = None
    choices: tuple[str, ...] = ()
    """Ready replies that a person would pick from."""
    answer: Answer | None = None
    """Filled in when the team's answer comes later in the export."""

    @property
    def action(self) -> str:
        """In the words of reports: draft, choice, handoff or silent."""
        return "choice" if self.outcome is Outcome.HANDOFF and self.choices else str(self.outcome)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """An item with all that it was judged by."""

    item: Item
    post: Post
    context: Context
    proposal: Proposal


Waiting = OrderedDict[tuple[str, str], Item]


def judge(
    messages: Iterable[Exported],
    pipeline: Pipeline,
    settings: Settings,
    options: Options,
    seen: Callable[[], None] = lambda: None,
    *,
    watch: Callable[[Judged], None] | None = None,
) -> Iterator[Item]:
    """Judge every post of a fan as if it came in at its time, with all before it known. `seen` is called for each
    message, `watch` for each post that was judged.

    Each draft counts as sent as it stands, so that wordings vary as they would have. An item is given before the
    team's answer to it is known; read `Item.answer` at the end.
    """
    history, caps, waiting = History(settings, options.staff), Caps(settings), Waiting()
    judged = 0
    for exported in messages:
        seen()
        post = exported.post
        if history.is_staff(post):
            _note_answer(waiting, history, post)
        elif not post.author.is_bot and _asked(post, options) and (options.limit is None or judged < options.limit):
            judged += 1
            context = history.context(post, exported.mentions, caps.used_up(post) if options.caps else None)
            proposal = pipeline.run(post, context)
            item = _item(post, context, proposal)
            if watch:
                watch(Judged(item=item, post=post, context=context, proposal=proposal))
            waiting[post.channel, post.external_id] = item
            while len(waiting) > REMEMBERED:
                waiting.popitem(last=False)
            if proposal.candidate:
                history.said(post, proposal.candidate)
                caps.count(post)
            yield item
        history.add(post)


def _asked(post: Post, options: Options) -> bool:
    return options.since is None or post.at >= options.since


def _note_answer(waiting: Waiting, history: History, post: Post) -> None:
    """The team answers by a reply, or by writing in the thread that a post began."""
    began = history.thread(post)
    places = [place for place in (post.channel, post.place.parent) if place]
    for key in [*((place, post.reply_to) for place in places if post.reply_to), *((place, began) for place in places)]:
        item = waiting.get(key)
        if item and item.answer is None and post.at >= item.at and post.text.strip():
            item.answer = Answer(text=clean(post.text), after=post.at - item.at)
            return


def _item(post: Post, context: Context, proposal: Proposal) -> Item:
    read, best = proposal.understanding, proposal.candidate
    return Item(
        id=post.external_id,
        platform=post.platform,
        channel=context.channel_name,
        at=post.at,
        text=post.text,
        outcome=proposal.outcome,
        reason_code=proposal.reason.code,
        reason=proposal.reason.sentence,
        intent=read.intent,
        situation=read.situations[0][0] if read.situations else None,
        confidence=read.confidence,
        language=read.language,
        risk=read.risk,
        reply=best.text if best else None,
        template=best.template if best else None,
        variant=best.variant if best else None,
        choices=tuple(other.text for other in proposal.alternatives) if not best else (),
    )
