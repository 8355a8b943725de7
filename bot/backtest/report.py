"""What a backtest found, in figures. The same items give the same report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from bot.backtest.run import Item
from responders.types import Outcome, ReasonCode
from responders.voice.channel import ChannelVoice, measure

UNSURE = 10
"""Posts that it is least sure about."""
WORDS = 3
"""Posts with fewer words say too little to be unsure about."""
UNANSWERED = frozenset({"question", "complaint", "wish"})
"""Intents whose posts belong on the operator's list if no reply fits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Posts without a reply that mean the same."""

    name: str
    language: str
    intent: str
    items: tuple[Item, ...]
    """The most typical first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All figures, with the items they come from."""

    items: tuple[Item, ...]
    actions: Mapping[str, int]
    """draft, choice, handoff and silent -> posts."""
    reasons: Mapping[str, Mapping[str, int]]
    """Action -> reason -> posts, the most frequent first."""
    intents: Mapping[str, Mapping[str, int]]
    """Intent -> action -> posts."""
    situations: Sequence[tuple[str, int]]
    languages: Sequence[tuple[str, int]]
    answered: tuple[Item, ...]
    """Posts that the team really answered."""
    median_answer: timedelta | None
    """How long the team took then."""
    answered_with_draft: int
    """Of those, how many would have had a draft, or a choice of replies, at once."""
    voice: ChannelVoice
    unsure: tuple[Item, ...]
    groups: tuple[Group, ...]


def summarise(items: Sequence[Item], groups: Sequence[Group] = ()) -> Report:
    """The figures of a backtest."""
    answered = tuple(item for item in items if item.answer)
    waits = [item.answer.after.total_seconds() for item in answered if item.answer]
    reasons: dict[str, Counter[str]] = {}
    intents: dict[str, Counter[str]] = {}
    for item in items:
        reasons.setdefault(item.action, Counter())[str(item.reason_code)] += 1
        intents.setdefault(item.intent or "none", Counter())[item.action] += 1
    by_size = sorted(intents.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    actions = Counter(item.action for item in items)
    return Report(
        items=tuple(items),
        actions={action: actions[action] for action in ("draft", "choice", "handoff", "silent")},
        reasons={action: dict(_sorted(reasons.get(action, Counter()))) for action in sorted(reasons)},
        intents={name: dict(counts) for name, counts in by_size},
        situations=_sorted(Counter(item.situation for item in items if item.situation and item.reply)),
        languages=_sorted(Counter(item.language for item in items)),
        answered=answered,
        median_answer=timedelta(seconds=median(waits)) if waits else None,
        answered_with_draft=sum(bool(item.reply or item.choices) for item in answered),
        voice=measure([item.reply for item in items if item.reply]),
        unsure=_unsure(items),
        groups=tuple(groups),
    )


def without_reply(items: Sequence[Item]) -> list[Item]:
    """Posts that deserve a reply and found none: the operator's list, before it is grouped."""
    return [
        item
        for item in items
        if item.intent in UNANSWERED
        and item.reply is None
        and not item.risk
        and item.reason_code not in _OTHER
        and len(item.text.split()) >= WORDS
    ]


_OTHER = frozenset(
    {
        *(ReasonCode.CAP, ReasonCode.OPTED_OUT, ReasonCode.ANSWERED, ReasonCode.NOT_ADDRESSED, ReasonCode.STAFF_OR_BOT),
        *(ReasonCode.NOT_TEXT, ReasonCode.NO_FRESH_WORDING, ReasonCode.GATE),
    }
)
"""Reasons that no template would change."""


def _unsure(items: Sequence[Item]) -> tuple[Item, ...]:
    """The readings that it is least sure of, among posts that somebody would have seen."""
    seen = [
        item
        for item in items
        if item.outcome is not Outcome.SILENT and not item.risk and len(item.text.split()) >= WORDS and item.intent
    ]
    return tuple(sorted(seen, key=lambda item: (item.confidence, item.at, item.id))[:UNSURE])


def _sorted(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
