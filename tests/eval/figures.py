"""How well posts were read, beside the goals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from responders.types import Outcome, Proposal
from tests.eval.posts import LOOKALIKES, SILENT, Named, NewIntent
from tests.eval.reading import Read
from training.corpus import MOODS, TELLS

FEELINGS = ("positive", "neutral", "negative")
BINS = 10
_THREE = 3
_DETERMINERS = re.compile(
    r"\b(?:an?|the|my|our|your|this|that|these|those|der|die|das|den|dem|meine?n?)\b\s*", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number, its count, and its goals."""

    name: str
    value: float | None
    of: int
    must: float | None = None
    moonshot: float | None = None
    at_most: bool = False
    """Whether the goals are upper bounds; else lower ones."""

    @property
    def holds(self) -> bool | None:
        """Whether it reaches the goal; None when there is no goal or nothing to measure."""
        if self.value is None or self.must is None:
            return None
        return self.value <= self.must if self.at_most else self.value >= self.must


def share(
    name: str,
    found: Iterable[bool],
    must: float | None = None,
    moonshot: float | None = None,
    *,
    at_most: bool = False,
) -> Figure:
    """The share of what is true."""
    listed = list(found)
    value = sum(listed) / len(listed) if listed else None
    return Figure(name=name, value=value, of=len(listed), must=must, moonshot=moonshot, at_most=at_most)


def of_posts(read: Sequence[Read]) -> list[Figure]:
    """What is read in posts, and what becomes of them."""
    return [*_right(read), *_replies(read), *_crisis(read), *_gates(read), *_alone(read), *_sound(read)]


def _right(read: Sequence[Read]) -> Iterator[Figure]:
    yield share("right", (x.right for x in read), 0.82, 0.92)
    yield share("one of three right", (x.among(_THREE) for x in read), 0.94, 0.98)
    for part, must, moonshot in ((0.7, 0.93, 0.98), (0.5, 0.97, 0.99)):
        yield share(f"right, surest {part:.0%}", (x.right for x in surest(read, part)), must, moonshot)
    for language in sorted({x.post.language for x in read} - {"en"}):
        yield share(f"right, {language}", (x.right for x in read if x.post.language == language), 0.72, 0.85)
    yield share("right, en", (x.right for x in read if x.post.language == "en"))
    for register in sorted({x.post.register for x in read} - {""}):
        yield share(f"right, {register}", (x.right for x in read if x.post.register == register))


def _replies(read: Sequence[Read]) -> Iterator[Figure]:
    wanting = [x for x in read if x.deserves is Outcome.DRAFT]
    drafts = [x for x in read if x.drafted]
    yield share("posts that deserve a draft: a right one", (x.drafted and x.right for x in wanting), 0.75, 0.88)
    offered = (x.post.intent in x.offered for x in wanting)
    yield share("posts that deserve a draft: right among those offered", offered, 0.88, 0.95)
    yield share("drafts of the right intent", (x.right for x in drafts), 0.93, 0.97)
    situations = (_top(x) == x.post.situation for x in drafts if x.post.situation)
    yield share("drafts of the right situation", situations, 0.85, 0.93)


def _crisis(read: Sequence[Read]) -> Iterator[Figure]:
    own = [x for x in read if x.post.intent == "crisis"]
    others = [x for x in read if "crisis" not in {x.post.intent, x.post.second}]
    alike = [x for x in others if x.post.community in LOOKALIKES]
    yield share("crisis found", (_fired(x, "crisis") for x in own), 0.92, 0.97)
    yield share("crisis drafted or offered", (bool(x.offered) for x in own), 0.0, 0.0, at_most=True)
    yield share("crisis: a person reads it", map(_handed, own))
    for name, posts in (("other posts", others), ("look-alikes", alike)):
        yield share(f"{name}: crisis alarm", (_fired(x, "crisis") for x in posts), 0.01, 0.003, at_most=True)
        yield share(f"{name}: crisis alarm or doubt", map(_doubted, posts), 0.01, 0.003, at_most=True)
        yield share(f"{name}: a person reads it", map(_handed, posts))


def _gates(read: Sequence[Read]) -> Iterator[Figure]:
    found = {"spam": (0.8, 0.92)}
    alarms = {"spam": 0.05}
    for gate in ("legal", "minor", "toxic", "spam"):
        own = (_fired(x, gate) for x in read if x.post.intent == gate)
        others = (_fired(x, gate) for x in read if gate not in {x.post.intent, x.post.second})
        yield share(f"{gate} found", own, *found.get(gate, ()))
        yield share(f"{gate} alarms on other posts", others, alarms.get(gate), at_most=True)


def _alone(read: Sequence[Read]) -> Iterator[Figure]:
    silent = (x.drafted for x in read if x.post.intent in SILENT)
    yield share("silent posts drafted", silent, 0.12, 0.05, at_most=True)
    left = (x.proposal.outcome is Outcome.SILENT for x in read if x.deserves is not Outcome.SILENT)
    yield share("posts left alone that deserved a reply", left)


def _sound(read: Sequence[Read]) -> Iterator[Figure]:
    """Moods and what posts tell, where they are labelled."""
    moods = [(x.post.mood, x.proposal.understanding.mood) for x in read if x.post.mood]
    yield share("mood right", (mood == found for mood, found in moods))
    by_mood = [f1([(mood == own, found == own) for mood, found in moods]) for own in MOODS]
    yield Figure(name="mood, macro-F1", value=fmean(by_mood) if moods else None, of=len(moods))
    told = [(x.post.tells, x.proposal.understanding.tells) for x in read if x.post.tells is not None]
    yield share("all that is told found, and no more", (own == found for own, found in told))
    by_tell = [f1([(tell in own, tell in found) for own, found in told]) for tell in TELLS]
    yield Figure(name="what is told, macro-F1", value=fmean(by_tell) if told else None, of=len(told))


def of_feelings(read: Sequence[Read]) -> Figure:
    """How posts feel, the mean over the feelings; "mixed" is wrong for all of them."""
    parts = [share("", (_feels(x) == own for x in read if x.post.intent == own)).value or 0.0 for own in FEELINGS]
    value = fmean(parts) if read else None
    return Figure(name="sentiment, macro-recall", value=value, of=len(read), must=0.58, moonshot=0.68)


def of_questions(faq: str, read: Sequence[Read], others: Sequence[Read], keys: Collection[str]) -> list[Figure]:
    """Whether each question (labelled with the key of its answer) finds its answer, and what is answered to `others`,
    who asked something else. `keys`: the templates that are answers."""

    def first(count: int) -> Iterator[bool]:
        return (x.post.intent in [key for key, _ in x.proposal.understanding.faq[:count]] for x in read)

    wrong = (x.reply in keys and x.reply != x.post.intent for x in read)
    return [
        share(f"{faq}: recall@1", first(1), 0.85, 0.94),
        share(f"{faq}: recall@3", first(_THREE), 0.95, 0.99),
        share(f"{faq}: right answer drafted", (x.reply == x.post.intent for x in read)),
        share(f"{faq}: wrong answer drafted", wrong),
        share(f"{faq}: an answer drafted to other questions", (x.reply in keys for x in others)),
    ]


def of_own_phrasing(read: Sequence[Read]) -> Figure:
    """The share of posts under `answers_to` (labelled with the key of their file) that get its words or its note."""
    return share("an operator's own phrasing finds its own reply", (x.post.intent in x.found for x in read), 1.0)


def of_new_intents(
    read: Sequence[Read], others: Sequence[Read], intents: Sequence[NewIntent], size: int
) -> list[Figure]:
    """Intents of `size` examples: found in their posts, and in posts that are none of theirs (`others`)."""
    names = {intent.name for intent in intents}
    stated = size == 8  # the goals are for intents of eight examples
    rate = sum(x.label in names for x in others) / len(others) / len(names) if others else None
    return [
        share(f"new intent of {size}: found", (x.right for x in read), *((0.92, 0.97) if stated else ())),
        Figure(
            name=f"new intent of {size}: false fire",
            value=rate,
            of=len(others),
            must=0.005 if stated else None,
            moonshot=0.001 if stated else None,
            at_most=True,
        ),
    ]


def of_details(read: Sequence[tuple[Named, Proposal]]) -> list[Figure]:
    """Details found against details named; one that holds the other's words is the same."""
    right = said = hit = wanted = 0
    for case, proposal in read:
        found = [detail.text for detail in proposal.understanding.details]
        said, wanted = said + len(found), wanted + len(case.details)
        right += sum(any(_same(text, gold) for gold in case.details) for text in found)
        hit += sum(any(_same(text, gold) for text in found) for gold in case.details)
    return [
        Figure(name="details, precision", value=right / said if said else None, of=said, must=0.92, moonshot=0.97),
        Figure(name="details, recall", value=hit / wanted if wanted else None, of=wanted, must=0.4, moonshot=0.6),
    ]


def f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Of what is (first) and what was read (second); 0 where there is neither."""
    both = sum(own and found for own, found in pairs)
    return 2 * both / (sum(own for own, _ in pairs) + sum(found for _, found in pairs) or 1)


def of_label(read: Sequence[Read], label: str) -> float:
    """F1 of one label."""
    return f1([(x.post.intent == label, x.label == label) for x in read])


def surest(read: Sequence[Read], part: float) -> list[Read]:
    """The part that was read with the most confidence."""
    return sorted(read, key=lambda x: -x.confidence)[: round(len(read) * part)]


def calibration(read: Sequence[Read]) -> list[tuple[float, float, Figure]]:
    """(from, to, share right) of what was read with that confidence, in ten bins."""
    found = []
    for low in range(BINS):
        own = [x.right for x in read if min(int(x.confidence * BINS), BINS - 1) == low]
        found.append((low / BINS, (low + 1) / BINS, share("right", own)))
    return found


def confusions(read: Sequence[Read], label: str, most: int = 3) -> list[tuple[str, int]]:
    """What posts of a label were taken for, the most frequent first."""
    return Counter(x.label for x in read if x.post.intent == label and not x.right).most_common(most)


def _top(read: Read) -> str | None:
    return next((name for name, _ in read.proposal.understanding.situations), None)


def _fired(read: Read, gate: str) -> bool:
    return gate in read.proposal.understanding.risk


def _doubted(read: Read) -> bool:
    return any(alarm.gate == "crisis" for alarm in read.proposal.understanding.alarms)


def _handed(read: Read) -> bool:
    return _doubted(read) or read.proposal.outcome is Outcome.HANDOFF


def _feels(read: Read) -> str:
    return read.proposal.understanding.sentiment


def _same(one: str, other: str) -> bool:
    short, long = sorted((_DETERMINERS.sub("", text.casefold()).strip() for text in (one, other)), key=len)
    return bool(short) and f" {short} " in f" {long} "
