"""`python -m tests.eval.grouping`: how well posts that say the same fall together, beside other thresholds.

Two questions: are complaints, wishes and questions of one community grouped as their situations say, and are questions
in fans' words grouped by the answer that they ask for? Nothing was fitted to these posts. Both are asked of posts that
are grouped all at once, and of posts that come one by one.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean

import numpy as np

from responders.ports import Floats
from responders.understanding.grouping import ALIKE, JOINS, QUESTION_JOINS, Said, gathered, group
from responders.understanding.normalise import encodable
from responders.understanding.trained import unit
from tests.eval import posts
from tests.model import reader

HEARD = ("complaint", "wish", "question")
FEWEST = 30
"""Posts of a community."""

Set = list[tuple[str, str, bool]]
"""Each text, what it belongs to, and whether it is a question."""


def situations() -> Iterator[Set]:
    """The posts of each community."""
    found: defaultdict[str, Set] = defaultdict(list)
    for post in posts.held_out():
        if post.intent in HEARD and post.situation:
            found[post.community].append((post.text, post.situation, post.intent == "question"))
    yield from (some for _, some in sorted(found.items()) if len(some) >= FEWEST)


def questions() -> Iterator[Set]:
    """The questions of each invented FAQ."""
    for file in ("faq", "faq_game"):
        yield [(ask, one.id, True) for one in posts.entries(file) for ask in (one.ask, *one.fans)]


SETS = {"situations": situations, "questions": questions}


def measured(kind: str, alike: float = ALIKE, most: int | None = None) -> tuple[float, float]:
    """Precision and recall of the group that each post is in (B-cubed), the mean over the first `most` sets."""
    return _mean([_scores(some, [one.members for one in group(_said(some), alike)]) for some in [*SETS[kind]()][:most]])


def measured_as_they_come(
    kind: str, joins: float = JOINS, question_joins: float = QUESTION_JOINS, most: int | None = None
) -> tuple[float, float]:
    """The same of posts that come one by one."""
    sets = [*SETS[kind]()][:most]
    return _mean([_scores(some, _one_by_one(_said(some, joins, question_joins))) for some in sets])


def _said(some: Set, joins: float = JOINS, question_joins: float = QUESTION_JOINS) -> list[Said]:
    rows = unit(np.stack([reader().encoder.encode_once(encodable(text)) for text, *_ in some]))
    needed = [question_joins if asks else joins for *_, asks in some]
    return [Said(vector=row, joins=one) for row, one in zip(rows, needed, strict=True)]


def _one_by_one(said: Sequence[Said]) -> list[list[int]]:
    groups: list[list[int]] = []
    alone: list[int] = []
    for place in range(len(said)):
        alone.append(place)
        found = gathered([said[one] for one in alone], [_rows(said, some) for some in groups])
        for one, of in zip(alone, found, strict=True):
            if of is not None:
                groups += [[] for _ in range(of + 1 - len(groups))]
                groups[of].append(one)
        alone = [one for one, of in zip(alone, found, strict=True) if of is None]
    return [*groups, *([one] for one in alone)]


def _rows(said: Sequence[Said], some: Sequence[int]) -> Floats:
    return np.stack([said[one].vector for one in some])


def _scores(some: Set, groups: Sequence[Sequence[int]]) -> tuple[float, float]:
    of = {place: set(one) for one in groups for place in one}
    likes: defaultdict[str, set[int]] = defaultdict(set)
    for place, (_, belongs, _) in enumerate(some):
        likes[belongs].add(place)
    both = [(of[place], likes[belongs]) for place, (_, belongs, _) in enumerate(some)]
    return fmean(len(a & b) / len(a) for a, b in both), fmean(len(a & b) / len(b) for a, b in both)


def _mean(scores: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return fmean(precision for precision, _ in scores), fmean(recall for _, recall in scores)


def main(thresholds: Sequence[float]) -> None:
    """Print a table for each way."""
    for way, measure in WAYS.items():
        sys.stdout.write(f"{way}\nalike  " + "  ".join(f"{kind:26}" for kind in SETS) + "\n")
        for alike in thresholds:
            words = (f"precision {p:.2f} recall {r:.2f}" for p, r in (measure(kind, alike) for kind in SETS))
            sys.stdout.write(f"{alike:.2f}   {'  '.join(words)}\n")


WAYS: Mapping[str, Callable[[str, float], tuple[float, float]]] = {
    "all at once": measured,
    "one by one": lambda kind, alike: measured_as_they_come(kind, alike, alike),
}


if __name__ == "__main__":
    main([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85])
