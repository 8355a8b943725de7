"""How a channel sounds over many replies: its numbers and target bands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import log
from statistics import fmean, median, quantiles
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from responders.selection.choose import opener
from responders.voice.contractions import LONG, contracted
from responders.voice.emoji_mirror import emoji_in
from responders.voice.one_question import QUESTION
from responders.voice.pronouns import Pronouns
from responders.voice.words import WordList

_RECENT = 20
_WINDOW = 100
"""Replies over which openers are counted; entropy and the top share depend on how many there are."""
_BIGRAMS = 1_000
_FEWEST = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """One reply of a channel. `language`: two letters; contractions are counted in English only."""

    text: str
    language: str = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelVoice:
    """What `measure` found. Shares are 0 to 1; None where there is too little to measure."""

    replies: int
    opener_reuse_20: float | None
    """Replies that begin with two words which one of the 20 before began with."""
    opener_entropy: float | None
    """Of the two-word openers of 100 replies, over the highest there can be; the mean of all whole hundreds."""
    top_opener_share: float | None
    """Of the commonest opener among 100 replies."""
    similarity_p95_20: float | None
    """95th percentile of each reply's greatest likeness to the 20 before it."""
    distinct_2: float | None
    """Different pairs of words among the first 1,000."""
    them_share: float | None
    """Mean over replies that say you, we or the brand: you / (you + we + brand)."""
    question_share: float | None
    exclaim_share: float | None
    emoji_share: float | None
    greeting_share: float | None
    thanks_share: float | None
    contraction_share: float | None
    """Of the English replies of 25 words and more."""
    words_p50: float | None
    """Words of the middle reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """Where a number should lie, ends included. None: open on that side."""

    low: float | None = None
    high: float | None = None

    def holds(self, value: float | None) -> bool | None:
        """Whether a value lies in it; None for no value."""
        if value is None:
            return None
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        """As a person reads it: `0.15 to 0.4`, `at most 0.05`."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"at least {self.low:g}" if self.low is not None else f"at most {self.high:g}"


BANDS: Mapping[str, Band] = {
    "opener_reuse_20": Band(high=0.10),
    "opener_entropy": Band(low=0.95),
    "top_opener_share": Band(high=0.05),
    "similarity_p95_20": Band(high=0.60),
    "distinct_2": Band(low=0.88),
    "them_share": Band(low=0.75),
    "question_share": Band(low=0.15, high=0.40),
    "exclaim_share": Band(high=0.08),
    "emoji_share": Band(high=0.10),
    "greeting_share": Band(high=0.05),
    "thanks_share": Band(high=0.10),
    "contraction_share": Band(low=0.55),
    "words_p50": Band(low=6, high=45),
}
"""The target bands of a chat by the field of `ChannelVoice`."""


def measure(replies: Sequence[Spoken], word_lists: Mapping[str, Mapping[str, Any]], community: str) -> ChannelVoice:
    """The numbers of one channel's replies, oldest first. `word_lists` as in a `Library`; `community` by its name."""
    texts = [reply.text for reply in replies]
    pronouns = Pronouns(word_lists["pronouns"], word_lists["brand"])
    greeting, thanks = (WordList(word_lists["openings"][name]) for name in ("greeting", "thanks"))
    openers = [opener(text) for text in texts]
    shares = [share for text in texts if (share := pronouns.them_share(text, community)) is not None]
    long = [reply.text for reply in replies if reply.language == "en" and len(reply.text.split()) >= LONG]
    return ChannelVoice(
        replies=len(texts),
        opener_reuse_20=_share([o in openers[max(0, i - _RECENT) : i] for i, o in enumerate(openers)][1:]),
        opener_entropy=_over_windows(openers, _entropy),
        top_opener_share=_over_windows(openers, lambda window: max(Counter(window).values()) / len(window)),
        similarity_p95_20=_p95(list(_likeness(texts))),
        distinct_2=_distinct(texts),
        them_share=fmean(shares) if shares else None,
        question_share=_share([QUESTION.search(text) is not None for text in texts]),
        exclaim_share=_share(["!" in text for text in texts]),
        emoji_share=_share([emoji_in(text) > 0 for text in texts]),
        greeting_share=_share([greeting.begins(text) for text in texts]),
        thanks_share=_share([thanks.find(text) is not None for text in texts]),
        contraction_share=_share([contracted(text) for text in long]),
        words_p50=median(len(text.split()) for text in texts) if texts else None,
    )


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _over_windows(openers: Sequence[str], number: Callable[[Sequence[str]], float]) -> float | None:
    """The mean over all whole hundreds; over what there is when there is no whole one; None for fewer than twenty."""
    whole = [openers[i : i + _WINDOW] for i in range(0, len(openers) - _WINDOW + 1, _WINDOW)] or [openers]
    return fmean(number(window) for window in whole) if len(openers) >= _RECENT else None


def _entropy(window: Sequence[str]) -> float:
    shares = [count / len(window) for count in Counter(window).values()]
    return sum(share * log(1 / share) for share in shares) / log(len(window))


def _likeness(texts: Sequence[str]) -> Iterator[float]:
    """Of each reply but the first: its greatest likeness to one of the 20 before it."""
    read = [default_process(text) for text in texts]
    for i in range(1, len(read)):
        yield max(fuzz.ratio(read[i], old) for old in read[max(0, i - _RECENT) : i]) / 100


def _p95(values: Sequence[float]) -> float | None:
    if len(values) < _FEWEST:
        return values[0] if values else None
    return quantiles(values, n=20, method="inclusive")[-1]


def _distinct(texts: Sequence[str]) -> float | None:
    """The window is fixed: the share falls with the length of the text."""
    pairs = list(islice((pair for text in texts for pair in pairwise(default_process(text).split())), _BIGRAMS))
    return len(set(pairs)) / len(pairs) if pairs else None
