"""How a channel sounds over many replies: some numbers, and the band where each should lie. To watch, not to
optimise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import median, quantiles

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from responders.selection.choose import opener

_RECENT = 20
_BIGRAMS = 1_000
_FEWEST = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelVoice:
    """What `measure` found. Shares are from 0 to 1; None where there is too little to measure."""

    replies: int
    opener_reuse_20: float | None
    """The share of replies that begin with the same two words as one of the 20 before."""
    similarity_p95_20: float | None
    """The 95th percentile of each reply's greatest likeness to one of the 20 before."""
    distinct_2: float | None
    """The share of different word pairs among the first 1,000."""
    exclaim_share: float | None
    words_p50: float | None
    """The median length of a reply in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """Where a number should lie, ends included. None: open on that side."""

    low: float | None = None
    high: float | None = None

    def holds(self, value: float | None) -> bool | None:
        """True when the value lies in the band; None for no value."""
        if value is None:
            return None
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        """As a person reads it: `8 to 28`, `at most 0.1`."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"at least {self.low:g}" if self.low is not None else f"at most {self.high:g}"


BANDS: Mapping[str, Band] = {
    "opener_reuse_20": Band(high=0.10),
    "similarity_p95_20": Band(high=0.60),
    "distinct_2": Band(low=0.88),
    "exclaim_share": Band(high=0.30),
    "words_p50": Band(low=8, high=28),
}
"""Field of `ChannelVoice` -> its target band."""


def measure(texts: Sequence[str]) -> ChannelVoice:
    """The numbers of one channel's replies, oldest first."""
    openers = [opener(text) for text in texts]
    return ChannelVoice(
        replies=len(texts),
        opener_reuse_20=_share([o in openers[max(0, i - _RECENT) : i] for i, o in enumerate(openers)][1:]),
        similarity_p95_20=_p95(list(_likeness(texts))),
        distinct_2=_distinct(texts),
        exclaim_share=_share(["!" in text for text in texts]),
        words_p50=median(len(text.split()) for text in texts) if texts else None,
    )


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _likeness(texts: Sequence[str]) -> Iterator[float]:
    """For each reply but the first: its greatest likeness to one of the 20 before."""
    read = [default_process(text) for text in texts]
    for i in range(1, len(read)):
        yield max(fuzz.ratio(read[i], old) for old in read[max(0, i - _RECENT) : i]) / 100


def _p95(values: Sequence[float]) -> float | None:
    if len(values) < _FEWEST:
        return values[0] if values else None
    return quantiles(values, n=20, method="inclusive")[-1]


def _distinct(texts: Sequence[str]) -> float | None:
    """The window is fixed, because the share falls as the text grows."""
    pairs = list(islice((pair for text in texts for pair in pairwise(default_process(text).split())), _BIGRAMS))
    return len(set(pairs)) / len(pairs) if pairs else None
