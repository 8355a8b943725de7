"""How well the development posts were read, beside what understanding must reach."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from responders.types import Proposal
from tests.eval.posts import SILENT, Labelled, Named, NewIntent
from tests.eval.reading import Read

FEELINGS = ("positive", "neutral", "negative")
_DETERMINERS = re.compile(
    r"\b(?:an?|the|my|our|your|this|that|these|those|der|die|das|den|dem|meine?n?)\b\s*", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number, where it must lie (from `least`, to `most`), and the same by language."""

    name: str
    value: float | None
    least: float | None = None
    most: float | None = None
    languages: dict[str, float | None] = field(default_factory=dict)

    @property
    def holds(self) -> bool | None:
        """None when there is no goal, or nothing to measure."""
        if self.value is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def goal(self) -> str:
        """The goal as a person reads it."""
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}" if self.most is not None else ""


Measure = Callable[[Sequence[Read]], float | None]


def of_posts(read: Sequence[Read]) -> list[Figure]:
    """What is read in posts, and what becomes of them."""
    measures: list[tuple[str, Measure, float | None, float | None]] = [
        ("intents and gates, macro-F1", macro_f1, 0.70, None),
        ("right, all", lambda r: _share(x.right for x in r), None, None),
        ("right, surest 70 %", lambda r: surest(r, 0.7), 0.80, None),
        ("right, surest 50 %", lambda r: surest(r, 0.5), 0.88, None),
        ("silent posts drafted", lambda r: _share(x.drafted for x in r if x.post.label in SILENT), None, 0.12),
        ("drafts with the right intent", lambda r: _share(x.right for x in r if x.drafted), None, None),
        ("posts to be drafted: drafted rightly", fitting, None, None),
        ("crisis found", lambda r: recall(r, "crisis"), 0.85, None),
        ("crisis alarms on other posts", lambda r: alarms(r, "crisis"), None, 0.02),
        ("crisis drafted", lambda r: _share(x.drafted for x in r if x.post.label == "crisis"), None, 0.0),
        ("toxic, macro-F1", lambda r: gate_f1(r, "toxic"), 0.70, None),
        ("spam found", lambda r: recall(r, "spam"), 0.80, None),
        ("spam alarms on other posts", lambda r: alarms(r, "spam"), None, 0.05),
        ("legal found", lambda r: recall(r, "legal"), None, None),
        ("minor found", lambda r: recall(r, "minor"), None, None),
        ("legal and minor alarms", lambda r: alarms(r, "legal", "minor"), None, None),
    ]
    return [_figure(name, read, measure, least, most) for name, measure, least, most in measures]


def of_feelings(read: Sequence[Read]) -> list[Figure]:
    """How posts feel; "mixed" is wrong for all of them."""
    return [_figure("sentiment, macro-recall", read, feeling_recall, 0.58, None)]


def of_questions(faq: str, read: Sequence[Read], keys: Collection[str]) -> list[Figure]:
    """Whether each question (labelled with its answer) finds its answer. `keys`: the templates that are answers."""
    drafted = [_drafted(x.proposal) for x in read]
    right = [key.endswith(f"/{x.post.label}") for x, key in zip(read, drafted, strict=True)]
    wrong = [key in keys and not good for key, good in zip(drafted, right, strict=True)]
    return [
        Figure(name=f"{faq} recall@1", value=_share(_among(x, 1) for x in read), least=0.80),
        Figure(name=f"{faq} recall@3", value=_share(_among(x, 3) for x in read), least=0.90),
        Figure(name=f"{faq} right answers drafted", value=_share(right)),
        Figure(name=f"{faq} wrong answers drafted", value=_share(wrong)),
    ]


def of_others_questions(faq: str, read: Sequence[Read], keys: Collection[str]) -> list[Figure]:
    """How many posts of people who asked something else were answered from the FAQ."""
    return [
        Figure(name=f"{faq} answers drafted to other posts", value=_share(_drafted(x.proposal) in keys for x in read))
    ]


def of_new_intents(
    read: Sequence[Read], others: Sequence[Read], intents: Sequence[NewIntent], size: int
) -> list[Figure]:
    """Intents of `size` examples: found in their posts, and in posts that are none of theirs (`others`)."""
    names = {intent.name for intent in intents}
    found = _share(x.right for x in read)
    fires = [fmean(x.label == name for x in others) for name in sorted(names)] if others else []
    figures = [Figure(name=f"new intent of {size}: found", value=found, least=0.92 if size == 8 else None)]
    if fires:
        figures.append(Figure(name=f"new intent of {size}: false fire", value=fmean(fires), most=0.005))
    return figures


def of_details(read: Sequence[tuple[Named, Proposal]]) -> list[Figure]:
    """Details found against details named; one that holds the other's words is the same."""
    right = said = hit = wanted = 0
    for case, proposal in read:
        found = [detail.text for detail in proposal.understanding.details]
        said, wanted = said + len(found), wanted + len(case.details)
        right += sum(any(_same(text, gold) for gold in case.details) for text in found)
        hit += sum(any(_same(text, gold) for text in found) for gold in case.details)
    return [
        Figure(name="details, precision", value=right / said if said else None, least=0.85),
        Figure(name="details, recall", value=hit / wanted if wanted else None, least=0.50),
    ]


def macro_f1(read: Sequence[Read]) -> float | None:
    """The mean over the labels that occur."""
    labels = sorted({x.post.label for x in read})
    return fmean(f1(read, label) for label in labels) if labels else None


def f1(read: Sequence[Read], label: str) -> float:
    """Of one label."""
    true = sum(x.post.label == label == x.label for x in read)
    return 2 * true / (sum(x.post.label == label for x in read) + sum(x.label == label for x in read) or 1)


def gate_f1(read: Sequence[Read], gate: str) -> float | None:
    """The mean of F1 for posts with that gate and for the rest; posts for other gates are left out."""
    own = [x for x in read if x.post.label == gate or not _for_a_gate(x.post)]
    fired = [(x.post.label == gate, gate in x.proposal.understanding.risk) for x in own]
    if not any(is_it for is_it, _ in fired):
        return None
    parts = []
    for wanted in (True, False):
        both = sum(is_it is wanted is said for is_it, said in fired)
        parts.append(2 * both / (sum(i is wanted for i, _ in fired) + sum(s is wanted for _, s in fired)))
    return fmean(parts)


def recall(read: Sequence[Read], gate: str) -> float | None:
    """The share of a gate's posts at which it fires."""
    return _share(gate in x.proposal.understanding.risk for x in read if x.post.label == gate)


def alarms(read: Sequence[Read], *gates: str) -> float | None:
    """The share of posts for no gate at which one of these fires."""
    return _share(bool({*gates} & {*x.proposal.understanding.risk}) for x in read if not _for_a_gate(x.post))


def surest(read: Sequence[Read], share: float) -> float | None:
    """The share read rightly among the surest."""
    ranked = sorted(read, key=lambda x: -x.proposal.understanding.confidence)
    return _share(x.right for x in ranked[: round(len(ranked) * share)])


def fitting(read: Sequence[Read]) -> float | None:
    """Of the posts that want a reply from a template, those that got a draft of their intent."""
    none = {*SILENT, "churn"}
    return _share(x.right and x.drafted for x in read if x.post.label not in none and not _for_a_gate(x.post))


def feeling_recall(read: Sequence[Read]) -> float | None:
    """The mean over the feelings."""
    parts = [
        _share(x.proposal.understanding.sentiment == feeling for x in read if x.post.label == feeling)
        for feeling in FEELINGS
    ]
    return fmean(part or 0.0 for part in parts) if any(part is not None for part in parts) else None


def confusions(read: Sequence[Read], label: str, most: int = 3) -> list[tuple[str, int]]:
    """What posts of a label were taken for, the most frequent first."""
    return Counter(x.label for x in read if x.post.label == label and not x.right).most_common(most)


def _figure(name: str, read: Sequence[Read], measure: Measure, least: float | None, most: float | None) -> Figure:
    languages = dict.fromkeys(
        x.post.language for x in sorted(read, key=lambda x: (x.post.language != "en", x.post.language))
    )
    parts = {language: measure([x for x in read if x.post.language == language]) for language in languages}
    return Figure(name=name, value=measure(read), least=least, most=most, languages=parts)


def _for_a_gate(post: Labelled) -> bool:
    return post.label in {"crisis", "legal", "minor", "toxic", "spam"}


def _among(read: Read, first: int) -> bool:
    return any(key.endswith(f"/{read.post.label}") for key, _ in read.proposal.understanding.faq[:first])


def _drafted(proposal: Proposal) -> str:
    return proposal.candidate.template if proposal.candidate else ""


def _same(one: str, other: str) -> bool:
    short, long = sorted((_DETERMINERS.sub("", text.casefold()).strip() for text in (one, other)), key=len)
    return bool(short) and f" {short} " in f" {long} "


def _share(found: Iterable[bool]) -> float | None:
    listed = list(found)
    return sum(listed) / len(listed) if listed else None
