"""How far a reading is to be believed: learnt from examples that were read without knowing them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from responders.ports import Floats
from responders.understanding.heads import Labels, log_softmax

PRECISION = 0.85
"""Of what is read as an intent with confidence 0.5 or more, this share should be right."""
_FAMILIARITY = 0.5
"""Of the likeness to the nearest example, against the probability; both are measured in their own spread."""
_STRANGEST, _MOST_LIKE = -3.0, 1.0
_SHARPNESS = (0.6, 4.0, 18)
"""Least, most and number of the factors that are tried on held-out scores."""
_UNKNOWN_SHARPNESS = 1.6
_FEW = 20
"""Held-out examples below which nothing can be learnt from them, as of one intent `_FEW_OF_ONE`."""
_FEW_OF_ONE = 5
_MOST_DOUBT = 1.5
EASIER = 0.8
"""Log-odds for every reading with a sentence encoder: a held-out example is harder than a post, being all that was said
of its kind. Of the drafts for development posts (`python -m tests.eval`) .92 have the right intent with it."""
_NEVER_SURE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What turns a head's scores and the nearest example's likeness into a confidence of which 0.5 is the threshold."""

    sharpness: float = _UNKNOWN_SHARPNESS
    """Factor on scores that makes probabilities of them."""
    usual: float = 0.5
    """Cosine of an example to the nearest other one."""
    spread: float = 0.15
    weight: float = 1.0
    """Log-odds for one spread more of likeness."""
    easier: float = 0.0
    """Log-odds for every reading, since posts are easier to read than held-out examples."""
    doubts: tuple[float, ...] = ()
    """Log-odds against each label: those that take what belongs to others are believed the less."""

    @classmethod
    def fit(cls, scores: Floats, labels: Labels, likeness: Floats) -> Calibration:
        """Learn from held-out scores (n, labels), the right labels, and cosines to the nearest other example (n,)."""
        known = np.isfinite(scores[np.arange(len(labels)), labels])
        scores, labels, likeness = scores[known], labels[known], likeness[known]
        if len(labels) < _FEW:
            return cls(doubts=(0.0,) * scores.shape[-1])
        factors = np.linspace(*_SHARPNESS)
        loss = [-log_softmax(scores * f)[np.arange(len(labels)), labels].mean() for f in factors]
        sharpness = float(factors[int(np.argmin(loss))])
        shares = log_softmax(scores * sharpness)
        sure = _log_odds(shares.max(axis=1))
        bare = cls(
            sharpness=sharpness,
            usual=float(likeness.mean()),
            spread=float(likeness.std()) or 1.0,
            weight=_FAMILIARITY * float(sure.std()),
            doubts=(0.0,) * scores.shape[-1],
        )
        read = shares.argmax(axis=1)
        odds = sure + bare._familiarity(likeness)
        doubts = tuple(_doubt(odds[read == i], (labels == i)[read == i]) for i in range(scores.shape[-1]))
        return cls(sharpness=sharpness, usual=bare.usual, spread=bare.spread, weight=bare.weight, doubts=doubts)

    def confidence(self, log_share: float, likeness: float, label: int) -> float:
        """Between 0 and 1, for the surest label's log-probability and the cosine to the nearest example."""
        odds = (
            _log_odds(np.float32(log_share))
            + self._familiarity(np.float32(likeness))
            + self.easier
            - self.doubts[label]
        )
        return float(1.0 / (1.0 + np.exp(-odds)))

    def _familiarity(self, likeness: Floats | np.float32) -> Floats:
        steps = np.clip((likeness - self.usual) / self.spread, _STRANGEST, _MOST_LIKE)
        return np.asarray(self.weight * steps, dtype=np.float32)


def _doubt(odds: Floats, right: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """The log-odds from which the stated precision is reached; 0 where it always is, or where too few are read."""
    if len(odds) < _FEW_OF_ONE:
        return 0.0
    order = np.argsort(-odds)
    precision = np.cumsum(right[order]) / np.arange(1, len(odds) + 1)
    if precision[-1] >= PRECISION:
        return 0.0
    enough = np.flatnonzero(precision >= PRECISION)
    threshold = float(odds[order][enough[-1]]) if len(enough) else _MOST_DOUBT
    return min(max(threshold, 0.0), _MOST_DOUBT)


def _log_odds(log_share: Floats | np.float32) -> Floats:
    share = np.clip(np.exp(log_share), _NEVER_SURE, 1 - _NEVER_SURE)
    odds: Floats = np.log(share / (1 - share))
    return odds
