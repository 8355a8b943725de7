"""What a language model would have put on the cards of a backtest, what that costs, and how near it is to what the
team really wrote. Nothing is stored or sent, but the posts go to the model."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median, quantiles

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from bot.assistant.port import Assistant, Unanswered
from bot.backtest.run import Item, Judged
from bot.settings.assistant import AssistantSection
from bot.store.assistant import NOT_FOR_IT, End
from responders.assistant import Given, Nonsense, Suggestion, brief, candidate, given, grounded, read_again, read_answer
from responders.pipeline import Pipeline
from responders.types import Level, Outcome, ReasonCode, Wording

AT_ONCE = 2
"""Posts that are asked about at the same time. A model on the same machine is no faster with more."""

_ANSWERS = (End.ANSWERED, End.BLOCKED, End.NOTHING, End.NONSENSE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A card, and what the model made of it."""

    item: Item
    outcome: End
    reply: str | None = None
    """Its wording; only if it was answered."""
    why: str = ""
    """What blocked it, in a sentence."""
    again: Outcome | None = None
    """What its reading makes of a post that the program was unsure of; None where it changes nothing."""
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What it would have brought, and cost. The likeness of two texts is 0 to 1, whatever the order of words."""

    asked: tuple[Asked, ...]
    outcomes: Mapping[End, int]
    """The most frequent first."""
    moved: Mapping[Outcome, int]
    """What its reading made of posts that the program was unsure of."""
    seconds: float
    """The median of an answer."""
    slowest: float
    """One answer in ten takes longer."""
    tokens_in: int
    tokens_out: int
    compared: int
    """Posts that the team answered, with a ready reply on the card and a wording of the model."""
    templates: float | None
    """How like the team's words the nearest ready reply is, the median; None without a post to compare."""
    model: float | None
    """How like them the model's wording is."""
    nearer: int
    """Posts on which the model's wording is the most like the team's."""
    alone: int
    """Posts that the team answered on which only the model had words."""

    @property
    def answered(self) -> int:
        """Cards with one wording more."""
        return self.outcomes.get(End.ANSWERED, 0)


def would_be_asked(card: Judged) -> bool:
    """Whether a post gets a card, and one that a model may see."""
    read = card.proposal.understanding
    harmless = not (read.risk or read.alarms or read.unread)
    for_it = card.item.reason_code not in {*NOT_FOR_IT, ReasonCode.BY_HAND}
    return harmless and for_it and card.item.outcome is not Outcome.SILENT


async def ask_all(
    cards: Sequence[Judged],
    assistant: Assistant,
    section: AssistantSection,
    pipeline: Pipeline,
    told: Callable[[], None] = lambda: None,
) -> list[Asked]:
    """Ask about each card, a few at a time; the answers in the order of the cards. `told` is called for each."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(card: Judged) -> Asked:
        async with free:
            found = await _ask(card, assistant, section, pipeline)
        told()
        return found

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(one(card)) for card in cards]
    return [task.result() for task in asked]


async def _ask(card: Judged, assistant: Assistant, section: AssistantSection, pipeline: Pipeline) -> Asked:
    library = pipeline.library
    known = given(card.post, card.context, card.proposal.understanding, library)
    asked, begun = Asked(item=card.item, outcome=End.NONSENSE), time.monotonic()
    try:
        answer = await assistant.ask(brief(known, library, section.uses))
    except Unanswered as none:
        return replace(asked, outcome=End(none.reason), why=str(none), seconds=time.monotonic() - begun)
    asked = replace(
        asked,
        seconds=time.monotonic() - begun,
        tokens_in=answer.tokens_in or 0,
        tokens_out=answer.tokens_out or 0,
    )
    try:
        suggestion = read_answer(answer.text, library, known.facts)
    except Nonsense as nonsense:
        return replace(asked, why=str(nonsense))
    asked = replace(asked, again=_again(card, suggestion, section, pipeline))
    return _weighed(asked, card, suggestion, known, section, pipeline)


def _again(card: Judged, suggestion: Suggestion, section: AssistantSection, pipeline: Pipeline) -> Outcome | None:
    """What becomes of an unsure post by the model's reading; None where it changes nothing."""
    if "reading" not in section.uses:
        return None
    second = read_again(pipeline, card.post, card.context, card.proposal, suggestion)
    return second.outcome if second else None


def _weighed(  # noqa: PLR0917 - one step of `_ask`
    asked: Asked,
    card: Judged,
    suggestion: Suggestion,
    known: Given,
    section: AssistantSection,
    pipeline: Pipeline,
) -> Asked:
    found = candidate(suggestion, known, model=section.model)
    if found is None or "wording" not in section.uses:
        return replace(asked, outcome=End.NOTHING)
    wording = Wording(
        text=found.text,
        intent=card.item.intent,
        quoted=found.quoted,
        sources=found.sources,
        template=found.template,
        variant=found.variant,
    )
    checks = (*grounded(found.text, known), *pipeline.check(wording, card.post, card.context))
    blocked = next((check.note for check in checks if check.level is Level.BLOCK), None)
    if blocked is not None:
        return replace(asked, outcome=End.BLOCKED, why=blocked)
    return replace(asked, outcome=End.ANSWERED, reply=found.text)


def worth(asked: Sequence[Asked]) -> Worth:
    """Sum up. Read it once the export is at its end, for the team's answers are known only then."""
    counts = Counter(one.outcome for one in asked)
    seconds = sorted(one.seconds for one in asked if one.outcome in _ANSWERS)
    both = [pair for one in asked if (pair := _likeness(one))]
    return Worth(
        asked=tuple(asked),
        outcomes=dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))),
        moved=Counter(one.again for one in asked if one.again),
        seconds=median(seconds) if seconds else 0.0,
        slowest=quantiles(seconds, n=10)[-1] if len(seconds) > 1 else max(seconds, default=0.0),
        tokens_in=sum(one.tokens_in for one in asked),
        tokens_out=sum(one.tokens_out for one in asked),
        compared=len(both),
        templates=median(ready for ready, _ in both) if both else None,
        model=median(own for _, own in both) if both else None,
        nearer=sum(own > ready for ready, own in both),
        alone=sum(bool(one.item.answer and one.reply) and not _ready(one.item) for one in asked),
    )


def _ready(item: Item) -> tuple[str, ...]:
    """What would have lain on the card without the model."""
    return (item.reply,) if item.reply else item.choices


def _likeness(one: Asked) -> tuple[float, float] | None:
    """How like the team's answer the card's nearest reply and the model's wording are."""
    answer, ready = one.item.answer, _ready(one.item)
    if answer is None or one.reply is None or not ready:
        return None
    return max(likeness(answer.text, text) for text in ready), likeness(answer.text, one.reply)


def likeness(a: str, b: str) -> float:
    """0 to 1, whatever the order of the words."""
    return fuzz.token_sort_ratio(a, b, processor=default_process) / 100
