"""Choosing among candidates: the likeliest template first. Among its wordings: the closest fit, then what was said
least lately, then the order of the file, because operators put first what they trust most."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.fuzz import ratio

from responders.library.model import Library, Template
from responders.types import Candidate, CheckResult, Context, Level, PastReply

RECENT_OPENERS = 20
"""An opener is fresh if none of this many last replies in the channel has it."""
ALIKE = 80.0
"""Two wordings this much alike (in percent) are no real choice."""
ALTERNATIVES = 2
SAME_ANSWER = frozenset({"are_you_a_bot", "privacy_request"})
"""Intents with one true answer. It may repeat, as an FAQ answer may."""

Check = Callable[[Candidate], tuple[CheckResult, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The best candidate, up to two others, and the ids of the checks that blocked any."""

    best: Candidate | None = None
    alternatives: tuple[Candidate, ...] = ()
    blocked: frozenset[str] = frozenset()


def opener(text: str) -> str:
    """The first two words, case folded, without punctuation. Readers notice when replies begin alike."""
    return " ".join(re.findall(r"[\w'\u2019]+", text)[:2]).casefold()


def fresh(candidates: Iterable[Candidate], intent: str | None, context: Context, library: Library) -> list[Candidate]:
    """Those that do not repeat: not said to this fan before, and within the template's limits."""
    past = context.past_replies
    told = {(p.template, p.variant) for p in past if p.same_fan}

    def is_fresh(c: Candidate) -> bool:
        template = library.by_key.get(c.template)
        if template and not _within_limits(template, context):
            return False
        if intent in SAME_ANSWER or (template and template.is_faq):
            return True
        return (c.template, c.variant) not in told

    return [c for c in candidates if is_fresh(c)]


def _within_limits(template: Template, context: Context) -> bool:
    """True when one more use stays within `limits`."""

    def used(applies: Callable[[PastReply], bool], since: float) -> int:
        return sum(
            1
            for p in context.past_replies
            if p.template == template.key and applies(p) and (context.now - p.at).total_seconds() < since
        )

    scopes: dict[str, Callable[[PastReply], bool]] = {
        "per_fan": lambda p: p.same_fan,
        "per_channel": lambda p: p.same_channel,
    }
    return all(used(scopes[scope], limit.per.total_seconds()) < limit.count for scope, limit in template.limits.items())


def choose(candidates: Sequence[Candidate], context: Context, check: Check) -> Choice:
    """The best candidate that no check blocks, and up to two that differ clearly from it and from each other.

    The best one's template may give two of them, then the next template has its turn. Where none is sure, each
    template gives one. If nothing differs clearly, another text that is not the same stands in, so that there is a
    choice whenever possible.
    """
    passed: list[Candidate] = []
    blocked: set[str] = set()
    spare: Candidate | None = None
    for candidate in _in_turn(sorted(candidates, key=_rank(context))):
        if len(passed) > ALTERNATIVES:
            break
        different = all(_different(candidate, p) for p in passed)
        if not different and (spare or any(candidate.text == p.text for p in passed)):
            continue
        results = check(candidate)
        blocks = {r.id for r in results if r.level is Level.BLOCK}
        blocked |= blocks
        if not blocks and different:
            passed.append(replace(candidate, checks=results))
        elif not blocks:
            spare = replace(candidate, checks=results)
    if len(passed) == 1 and spare:
        passed.append(spare)
    return Choice(best=passed[0] if passed else None, alternatives=tuple(passed[1:]), blocked=frozenset(blocked))


def _in_turn(ranked: Sequence[Candidate]) -> Iterator[Candidate]:
    """Round by round, one wording of each template. A template that is sure gives two in the first round."""
    left: dict[str, list[Candidate]] = {}
    for candidate in ranked:
        left.setdefault(candidate.template, []).append(candidate)
    first = next(iter(left), "")
    if first and left[first][0].sure:
        yield left[first].pop(0)
    while left:
        for template in [*left]:
            if left[template]:
                yield left[template].pop(0)
            if not left[template]:
                del left[template]


def _rank(context: Context) -> Callable[[Candidate], tuple[float, bool, float, bool, int]]:
    """Likeliest template, one tap, closest fit, a fresh opener, least used in the channel."""
    here = [p for p in context.past_replies if p.same_channel]
    openers = {p.opener for p in here[:RECENT_OPENERS]}
    uses = Counter((p.template, p.variant) for p in here)

    def rank(c: Candidate) -> tuple[float, bool, float, bool, int]:
        return (-c.chance, bool(c.missing), -c.fit, opener(c.text) in openers, uses[c.template, c.variant])

    return rank


def _different(a: Candidate, b: Candidate) -> bool:
    return opener(a.text) != opener(b.text) and ratio(a.text, b.text) <= ALIKE
