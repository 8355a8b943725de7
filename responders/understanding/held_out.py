"""How well the operators' examples tell the intents apart: each is read as if a stranger had posted it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from responders.understanding.intent import HeldOut

SURE = 0.5
"""From this confidence a wrong intent would be believed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recall:
    """For one intent: how many examples it has, how many are read as it, how many are believed to be another, and
    which."""

    intent: str
    examples: int
    found: int
    stolen: int
    thief: str | None
    """The intent that takes most of them with confidence."""


def recalls(read: Sequence[HeldOut]) -> list[Recall]:
    """One for each intent, the worst first."""
    examples = Counter(one.intent for one in read)
    found = Counter(one.intent for one in read if one.read == one.intent)
    thieves: dict[str, Counter[str]] = {name: Counter() for name in examples}
    for one in stolen(read):
        thieves[one.intent][one.read] += 1
    made = [
        Recall(
            intent=name,
            examples=examples[name],
            found=found[name],
            stolen=thieves[name].total(),
            thief=next((thief for thief, _ in thieves[name].most_common(1)), None),
        )
        for name in examples
    ]
    return sorted(made, key=lambda one: (one.found / one.examples, one.intent))


def stolen(read: Sequence[HeldOut]) -> list[HeldOut]:
    """The examples that would be taken for another intent with confidence."""
    return [one for one in read if one.read != one.intent and one.confidence >= SURE]
