"""Posts that found no reply, grouped by what they mean: the operator's list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from bot.backtest.report import Group
from bot.backtest.run import Item
from responders.ports import Floats
from responders.said import said as in_plain_words
from responders.understanding import grouping
from responders.understanding.grouping import Said
from responders.understanding.normalise import encodable
from responders.understanding.trained import unit

AT_ONCE = 512
"""Texts that are read together."""
Vectors = Callable[[Sequence[str]], Floats]


def grouped(items: Sequence[Item], vectors: Vectors | None) -> list[Group]:
    """The groups, the largest first; those of one size in the order of their first post.

    Without `vectors` (no model) posts with the same situation stand together.
    """
    if not items:
        return []
    if vectors is None:
        alike: dict[tuple[str | None, str], list[int]] = {}
        for place, item in enumerate(items):
            alike.setdefault((item.situation or item.intent, item.language), []).append(place)
        found = [[items[place] for place in places] for places in alike.values()]
        return _named(sorted(found, key=lambda some: -len(some)), [()] * len(found))
    texts = [encodable(item.text) for item in items]
    rows = np.concatenate([vectors(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)])
    said = [Said(vector=row, situation=item.situation) for item, row in zip(items, rows, strict=True)]
    members = [one.members for one in grouping.group(said)]
    words = [_key_words(items, some) for some in members]
    return _named([_typical_first(items, rows, some) for some in members], words)


def _key_words(items: Sequence[Item], members: Sequence[int]) -> tuple[str, ...]:
    inside = set(members)
    elsewhere = [item.text for place, item in enumerate(items) if place not in inside][:AT_ONCE]
    return grouping.key_words([items[place].text for place in members], elsewhere)


def _typical_first(items: Sequence[Item], rows: Floats, members: Sequence[int]) -> list[Item]:
    some = unit(rows[list(members)])
    central = some @ some.mean(axis=0)
    return [items[members[place]] for place in np.argsort(-central, kind="stable")]


def _named(found: Sequence[Sequence[Item]], words: Sequence[tuple[str, ...]]) -> list[Group]:
    """Groups with names: the situation that most are taken for, with the words that set it apart."""
    groups = []
    for some, telling in zip(found, words, strict=True):
        situation = grouping.common([item.situation for item in some])
        name = in_plain_words(situation) if situation else in_plain_words(_most(item.intent for item in some))
        groups.append(
            Group(
                name=f"{name}: {' '.join(telling)}" if telling else name,
                language=_most(item.language for item in some),
                intent=_most(item.intent for item in some),
                items=tuple(some),
            )
        )
    return groups


def _most(values: Iterable[str | None]) -> str:
    counts = Counter(value or "none" for value in values)
    return min(counts, key=lambda name: (-counts[name], name))
