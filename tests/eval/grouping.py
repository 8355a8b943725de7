"""`python -m tests.eval.grouping`: how well posts that say the same fall together, beside other thresholds.

Two questions: are complaints, wishes and questions of one community grouped as their situations say, and are questions
in fans' words grouped by the answer that they ask for? Nothing was fitted to these posts.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import fmean

from responders.understanding.grouping import ALIKE, Said, group
from responders.understanding.normalise import encodable
from tests.eval import posts
from tests.model import reader

HEARD = ("complaint", "wish", "question")
FEWEST = 30
"""Posts of a community."""

Set = list[tuple[str, str]]
"""Each text, and what it belongs to."""


def situations() -> Iterator[Set]:
    """The posts of each community."""
    found: defaultdict[str, Set] = defaultdict(list)
    for post in posts.held_out():
        if post.intent in HEARD and post.situation:
            found[post.community].append((post.text, post.situation))
    yield from (some for _, some in sorted(found.items()) if len(some) >= FEWEST)


def questions() -> Iterator[Set]:
    """The questions of each invented FAQ."""
    for file in ("faq", "faq_game"):
        yield [(ask, one.id) for one in posts.entries(file) for ask in (one.ask, *one.fans)]


SETS = {"situations": situations, "questions": questions}


def measured(kind: str, alike: float = ALIKE, most: int | None = None) -> tuple[float, float]:
    """Precision and recall of the group that each post is in (B-cubed), the mean over the first `most` sets."""
    scores = [_scores(some, alike) for some in [*SETS[kind]()][:most]]
    return fmean(precision for precision, _ in scores), fmean(recall for _, recall in scores)


def _scores(some: Set, alike: float) -> tuple[float, float]:
    said = [Said(vector=reader().encoder.encode_once(encodable(text))) for text, _ in some]
    of = {place: set(one.members) for one in group(said, alike) for place in one.members}
    likes: defaultdict[str, set[int]] = defaultdict(set)
    for place, (_, belongs) in enumerate(some):
        likes[belongs].add(place)
    both = [(of[place], likes[belongs]) for place, (_, belongs) in enumerate(some)]
    return fmean(len(a & b) / len(a) for a, b in both), fmean(len(a & b) / len(b) for a, b in both)


def main(thresholds: Sequence[float]) -> None:
    """Print a table."""
    sys.stdout.write("alike  " + "  ".join(f"{kind:26}" for kind in SETS) + "\n")
    for alike in thresholds:
        cells = (measured(kind, alike) for kind in SETS)
        words = (f"precision {p:.2f} recall {r:.2f}" for p, r in cells)
        sys.stdout.write(f"{alike:.2f}   {'  '.join(words)}\n")


if __name__ == "__main__":
    main([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85])
