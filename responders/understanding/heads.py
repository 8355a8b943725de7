"""Softmax regression on rows of numbers. Operators' own intents are told apart with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from responders.ports import Floats

Labels = NDArray[np.intp]
_STEPS = 30
"""As good as 150 steps without centring: the loss is within a fiftieth of its least."""
_POWER_STEPS = 12
_MARGIN = 1.05
"""The power method reaches the largest eigenvalue from below, and that eigenvalue bounds the step."""


class SoftmaxHead:
    """A linear softmax classifier, kept as weights of its examples. A fit costs by their number, not by their
    length."""

    def __init__(self, labels: tuple[str, ...], weights: Floats, bias: Floats) -> None:
        """Use `fit`. `weights`: (d, labels). `bias`: (labels,)."""
        self.labels = labels
        self.weights = weights
        self.bias = bias

    @classmethod
    def fit(cls, rows: Floats, labels: Sequence[str], *, ridge: float) -> SoftmaxHead:
        """Fit to rows (n, d) with a label each. Every label counts the same, however many rows it has.

        The last two fits are remembered (own intents and own situations), because most edits of the operators change no
        example.
        """
        table = np.ascontiguousarray(rows, dtype=np.float32)
        return cls(*_fitted(table.tobytes(), table.shape[-1], tuple(labels), ridge))

    def scores(self, row: Floats) -> Floats:
        """Log-probabilities up to a constant, for one row (d,) or several (n, d)."""
        scores: Floats = row @ self.weights + self.bias
        return scores


@lru_cache(maxsize=2)
def _fitted(table: bytes, width: int, labels: tuple[str, ...], ridge: float) -> tuple[tuple[str, ...], Floats, Floats]:
    """The parts of a head, from the bytes of its rows."""
    names = tuple(sorted(set(labels)))
    if not names:
        return names, np.zeros((width, 0), dtype=np.float32), np.zeros(0, dtype=np.float32)
    rows = np.frombuffer(table, dtype=np.float32).reshape(-1, width)
    numbers = np.array([names.index(label) for label in labels], dtype=np.intp)
    centre = rows.mean(axis=0)
    centred = rows - centre  # what all rows share says nothing and would slow the fit
    weights = centred.T @ _dual_weights(centred @ centred.T, numbers, len(names), ridge)
    return names, weights, -centre @ weights


def _dual_weights(gram: Floats, labels: Labels, classes: int, ridge: float) -> Floats:
    """Weights of the examples (n, classes) from their inner products (n, n), by gradient descent with momentum."""
    n = len(labels)
    counts = np.bincount(labels, minlength=classes)
    share = np.sqrt(1.0 / (np.count_nonzero(counts) * counts[labels]), dtype=np.float32)[:, None]
    target = np.eye(classes, dtype=np.float32)[labels]
    step = np.float32(1.0 / (0.5 * _MARGIN * _largest(gram, share) + ridge))
    weights: Floats = np.zeros((n, classes), dtype=np.float32)
    ahead: Floats = weights
    since = 0
    for _ in range(_STEPS):
        error: Floats = np.exp(log_softmax(gram @ (share * ahead))) - target
        slope = share * error + np.float32(ridge) * ahead
        last = weights
        weights = np.asarray(ahead - step * slope, dtype=np.float32)
        move = weights - last
        since = 0 if float(np.vdot(move, slope)) > 0 else since + 1  # going uphill: start the momentum anew
        ahead = np.asarray(weights + max(since - 1, 0) / (since + 2) * move, dtype=np.float32)
    result: Floats = share * weights
    return result


def _largest(gram: Floats, share: Floats) -> float:
    """The largest eigenvalue of the weighted inner products."""
    vector: Floats = np.ones_like(share)
    size = 0.0
    for _ in range(_POWER_STEPS):
        vector = share * (gram @ (share * vector))
        size = float(np.linalg.norm(vector))
        vector /= size or 1.0
    return size


def log_softmax(scores: NDArray[Any]) -> Floats:
    """Log-probabilities of scores along the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True, initial=-np.inf)
    with np.errstate(divide="ignore"):
        result: Floats = (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(np.float32)
    return result
