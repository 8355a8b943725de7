"""Puts posts that say the same into groups, by the vectors of their texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from responders.ports import Floats
from responders.understanding.tokens import tokens
from responders.understanding.trained import unit

ALIKE = 0.65
"""From this likeness on average, posts say the same. Measured with `python -m tests.eval.grouping`."""
JOINS, QUESTION_JOINS = 0.55, 0.7
"""From this likeness to those that are most like it a post joins a group. Questions about different things are more
alike than complaints are."""
MOST_LIKE = 3
"""So many posts of a group are compared with a new one. A crowd says the same in many ways, and nobody is like all of
it."""
_STRICTER = 0.05
_MOST = 3000
"""A part with more posts than this is taken apart by a stricter likeness first: it would take too much memory."""
_BLOCK = 512
_SHORT = 20
"""Words. A longer text says more than what the group has in common."""
_LETTERS = 3
"""Shorter words say nothing of a topic."""
_NEVER = -np.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one post says."""

    vector: Floats
    """Of any length; the zero vector is like nothing."""
    situation: str | None = None
    """What the reader takes it for."""
    joins: float = JOINS
    """The likeness from which it joins a group."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Posts that say the same."""

    members: tuple[int, ...]
    """Their places among what was given, in order."""
    situation: str | None
    """What more than half are taken for; None if they are taken for different things."""

    @property
    def size(self) -> int:
        """How many posts."""
        return len(self.members)


def group(said: Sequence[Said], alike: float = ALIKE) -> list[Group]:
    """All posts in groups, the largest first; a post that is like no other is a group of its own.

    The order of the posts changes nothing but the order of groups of one size. Posts in other languages fall together
    where their vectors do. Two groups become one while their posts are `alike` on average.
    """
    if not said:
        return []
    # In the order of their vectors, so that the order of the posts does not count. The same vector comes once.
    distinct, which, times = np.unique(
        unit(np.stack([one.vector for one in said])), axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    number = np.empty(len(distinct), dtype=np.intp)
    for of, rows in enumerate(_grouped(distinct, times, alike)):
        number[rows] = of
    members: dict[int, list[int]] = {}
    for place, row in enumerate(which):
        members.setdefault(int(number[row]), []).append(place)
    found = [
        Group(members=tuple(some), situation=common([said[i].situation for i in some])) for some in members.values()
    ]
    return sorted(found, key=lambda one: (-one.size, one.members))


def common(situations: Sequence[str | None]) -> str | None:
    """What more than half are taken for, or None."""
    name, times = Counter(situations).most_common(1)[0]
    return name if 2 * times > len(situations) else None


def gathered(said: Sequence[Said], groups: Sequence[Floats]) -> list[int | None]:
    """For each post the number of the group that it belongs to, or None if it is alone.

    `groups`: for each known group the vectors of its posts, of length 1. Higher numbers are new groups. A post joins by
    its likeness to those that are most like it, and may bring others. What joins no group is grouped by itself.
    """
    if not said:
        return []
    gathering = _Gathering(said, groups)
    left = gathering.take_each()
    for one in group([said[post] for post in left]):
        if one.size > 1:
            gathering.take_together([left[place] for place in one.members])
    gathering.take_each()
    return gathering.number


class _Gathering:
    """Groups that take posts."""

    def __init__(self, said: Sequence[Said], groups: Sequence[Floats]) -> None:
        self._rows = unit(np.stack([one.vector for one in said]))
        self._joins = np.array([one.joins for one in said], np.float32)
        self._members = list(groups)
        self.number: list[int | None] = [None] * len(said)

    def take_each(self) -> list[int]:
        """Let posts join one by one, until no other does. Returns those that are left."""
        likeness = np.full((len(self._rows), len(self._members)), _NEVER, np.float32)
        grown: Iterable[int] = range(len(self._members))
        while grown:
            left = self._left()
            for place in grown:
                likeness[left, place] = _to_most_like(self._rows[left], self._members[place])
            found = defaultdict(list)
            for post in left:
                best = int(likeness[post].argmax())
                if likeness[post, best] >= self._joins[post]:
                    found[best].append(post)
            for place, posts in found.items():
                self._take(posts, place)
            grown = list(found)
        return self._left()

    def take_together(self, posts: Sequence[int]) -> None:
        """Let a whole group join, or begin one."""
        rows = self._rows[posts]
        likeness = [_to_most_like(rows, members).mean() for members in self._members]
        if likeness and max(likeness) >= self._joins[posts].mean():
            self._take(posts, int(np.argmax(likeness)))
        else:
            self._members.append(rows[:0])
            self._take(posts, len(self._members) - 1)

    def _left(self) -> list[int]:
        return [post for post, of in enumerate(self.number) if of is None]

    def _take(self, posts: Sequence[int], place: int) -> None:
        for post in posts:
            self.number[post] = place
        self._members[place] = np.concatenate([self._members[place], self._rows[posts]])


def _to_most_like(rows: Floats, members: Floats) -> Floats:
    """The likeness of each row to those members that are most like it, on average."""
    likeness = rows @ members.T
    if len(members) > MOST_LIKE:
        likeness = np.partition(likeness, -MOST_LIKE, axis=1)[:, -MOST_LIKE:]
    mean: Floats = likeness.mean(axis=1)
    return mean


def key_words(texts: Sequence[str], elsewhere: Sequence[str], most: int = 3) -> tuple[str, ...]:
    """What texts of one group are about: words that they have in common and `elsewhere` lacks, in the order of the
    short text that has most of them."""
    here, there = _counted(texts), _counted(elsewhere)

    def tells(word: str) -> float:
        return here[word] / (1 + there[word])

    found: list[str] = []
    for text in sorted(texts, key=lambda text: len(text.split()) > _SHORT):
        words = [token.low for token in tokens(text) if token.plain and len(token.low) > _LETTERS]
        best = sorted(dict.fromkeys(words), key=tells, reverse=True)[:most]
        if sum(map(tells, best)) > sum(map(tells, found)):
            found = [word for word in dict.fromkeys(words) if word in best]
    return tuple(found)


def _counted(texts: Sequence[str]) -> Counter[str]:
    """How many of the texts have each word."""
    return Counter(word for text in texts for word in {token.low for token in tokens(text)})


def _grouped(rows: Floats, times: NDArray[np.intp], alike: float) -> Iterator[NDArray[np.intp]]:
    """The places of the rows of each group. Rows in different parts are never alike on average."""
    for part in _parts(rows, alike):
        if len(part) == 1:
            yield part
        elif len(part) > _MOST and alike + _STRICTER < 1:
            yield from (part[some] for some in _grouped(rows[part], times[part], alike + _STRICTER))
        else:
            yield from (part[some] for some in _merged(rows[part], times[part], alike))


def _parts(rows: Floats, alike: float) -> Iterator[NDArray[np.intp]]:
    """Rows that are alike, directly or by way of others."""
    label = np.arange(len(rows))
    for start in range(0, len(rows), _BLOCK):
        end = min(start + _BLOCK, len(rows))
        near = rows[start:end] @ rows[:end].T >= alike
        for line, row in enumerate(near, start):
            row[line] = True
            met = np.unique(label[:end][row])
            if len(met) > 1:
                label[np.isin(label, met)] = met[0]
    order = np.argsort(label, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def _merged(rows: Floats, times: NDArray[np.intp], alike: float) -> list[NDArray[np.intp]]:
    """Average linkage by chains of nearest neighbours (Murtagh 1983), up to a likeness."""
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, _NEVER)
    size = times.astype(np.float32)
    members: dict[int, list[int]] = {i: [i] for i in range(len(rows))}
    open_ = set(members)
    chain: list[int] = []
    while open_:
        if not chain:
            chain = [min(open_)]
        tip = chain[-1]
        near = int(likeness[tip].argmax())
        if likeness[tip, near] < alike:  # what it could still be merged with is no more alike
            likeness[tip] = likeness[:, tip] = _NEVER
            open_.remove(tip)
            chain.pop()
        elif len(chain) > 1 and likeness[tip, chain[-2]] >= likeness[tip, near]:
            kept, gone = sorted((chain.pop(), chain.pop()))
            both = (size[kept] * likeness[kept] + size[gone] * likeness[gone]) / (size[kept] + size[gone])
            likeness[kept] = likeness[:, kept] = both
            likeness[gone] = likeness[:, gone] = likeness[kept, kept] = _NEVER
            size[kept] += size[gone]
            members[kept] += members.pop(gone)
            open_.remove(gone)
        else:
            chain.append(near)
    return [np.array(sorted(some), dtype=np.intp) for some in members.values()]
