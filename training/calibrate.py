"""Chances and thresholds, from communities that the fitting never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from bot.content import shipped_texts
from bot.language import Langid
from responders.library.data_files import read_shipped
from responders.types import GATES, Author, Context, Post, Understanding
from responders.understanding.gates import MAYBE, Gates, Parts
from responders.understanding.heads import log_softmax
from responders.understanding.intent import ANSWER
from responders.understanding.language import LanguageAnalyzer
from responders.understanding.trained import Reads
from training.corpus import Labelled

SURE, SILENT, THREE = 0.93, 0.90, 0.90
"""Shares that must be right: of what is believed, of what is left alone, of what is offered three ways."""
_SILENT = ("offtopic", "crosstalk")
_ALARMS = {"crisis": 0.004, "legal": 0.004, "minor": 0.002, "toxic": 0.006, "spam": 0.004, MAYBE: 0.01}
"""Share of other posts that may raise a gate."""
_LEAST, _MOST = 0.15, 0.98
_FACTORS = np.linspace(0.4, 3.0, 53)


def sharpness(scores: np.ndarray, labels: np.ndarray) -> float:
    """The factor that makes the likeliest chances of a head's scores."""
    known = labels >= 0
    loss = [-log_softmax(scores[known] * f)[np.arange(known.sum()), labels[known]].mean() for f in _FACTORS]
    return float(_FACTORS[int(np.argmin(loss))])


def lists() -> dict[str, dict[str, object]]:
    """The shipped word lists."""
    return read_shipped(shipped_texts(), [])


@dataclass(frozen=True, kw_only=True)
class _Case:
    post: Labelled
    shares: np.ndarray
    alarms: dict[str, float]


def thresholds(reads: Reads, posts: Sequence[Labelled]) -> dict[str, float]:
    """The chances from which things are believed, by name."""
    cases = _read(reads, posts)
    found = {gate: _alarm_from(cases, gate, gate) for gate in (*GATES,)}
    found[MAYBE] = min(found["crisis"], _alarm_from(cases, "crisis", MAYBE))
    silent = [reads.intents.index(name) for name in _SILENT]
    left = [c for c in cases if int(c.shares.argmax()) in silent]
    found["silent"] = _least(
        [float(c.shares[silent].sum()) for c in left], [c.post.intent in _SILENT for c in left], SILENT
    )
    drafts = [c for c in cases if reads.intents[int(c.shares.argmax())] not in {*GATES, *_SILENT, "churn", ANSWER}]
    right = [reads.intents[int(c.shares.argmax())] == c.post.intent for c in drafts]
    found["sure"] = _least([float(c.shares.max()) for c in drafts], right, SURE)
    unsure = [c for c in drafts if c.shares.max() < found["sure"]]
    three = [c.post.intent in [reads.intents[i] for i in np.argsort(-c.shares)[:3]] for c in unsure]
    found["three"] = _least([float(np.sort(c.shares)[-3:].sum()) for c in unsure], three, THREE)
    return {name: round(value, 4) for name, value in found.items()}


def _read(reads: Reads, posts: Sequence[Labelled]) -> list[_Case]:
    words = lists()
    parts, gates = Parts(reads), Gates(words["gates"], dict.fromkeys((*GATES, MAYBE), 0.0))
    language = LanguageAnalyzer(Langid(), frozenset({"en", "de"}))
    found = []
    for labelled in posts:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        author = Author(id="1", name="Fan")
        post = Post(platform="web", channel="c", external_id="1", author=author, text=labelled.text, at=now)
        context = Context(now=now, community="sample", locale=labelled.language)
        shares = reads.read(labelled.read).intents.copy()
        if not labelled.context or labelled.context["who"] != "staff":
            shares[reads.intents.index(ANSWER)] = 0.0
            shares /= shares.sum()
        so_far = Understanding(intents=tuple(zip(reads.intents, map(float, shares), strict=True)))
        for analyzer in (language, parts, gates):
            so_far = analyzer.analyze(post, context, so_far)
        found.append(_Case(post=labelled, shares=shares, alarms={a.gate: a.chance for a in so_far.alarms}))
    return found


def _alarm_from(cases: Sequence[_Case], gate: str, name: str) -> float:
    """The chance that as few other posts reach as may."""
    others = np.array([c.alarms.get(gate, 0.0) for c in cases if gate not in {c.post.intent, c.post.second}])
    return float(min(max(np.quantile(others, 1 - _ALARMS[name]), _LEAST), _MOST))


def _least(chances: Sequence[float], right: Sequence[bool], share: float) -> float:
    """The lowest chance from which that share is right."""
    order = np.argsort(-np.array(chances))
    precision = np.cumsum(np.array(right)[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= share)
    return float(np.array(chances)[order][enough[-1]]) if len(enough) else _MOST
