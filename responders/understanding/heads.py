"""Softmax regression on rows of numbers: what intents, gates and sentiment are read with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.intp]

RIDGE = 7e-4
STEPS = 100


class SoftmaxHead:
    """A linear softmax classifier with examples as its support: its fit costs by their number, not by their length."""

    def __init__(self, labels: tuple[str, ...], weights: Floats) -> None:
        """`weights`: one column a label, (d, labels). Use `fit` unless you have them."""
        self.labels = labels
        self.weights = weights

    @classmethod
    def fit(cls, rows: Floats, labels: Sequence[str], *, ridge: float = RIDGE, steps: int = STEPS) -> SoftmaxHead:
        """Fit to rows (n, d) with a label each; each label counts alike however many rows it has."""
        names = tuple(sorted(set(labels)))
        numbers = np.array([names.index(label) for label in labels], dtype=np.intp)
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        return cls(names, rows.T @ dual_weights(rows @ rows.T, numbers, len(names), ridge=ridge, steps=steps))

    def log_probabilities(self, row: Floats) -> Floats:
        """One for each of `labels`, for one row (d,) or several (n, d)."""
        return log_softmax(row @ self.weights)


def dual_weights(gram: Floats, labels: Labels, classes: int, *, ridge: float = RIDGE, steps: int = STEPS) -> Floats:
    """Weights of the examples (n, classes), from their inner products (n, n), by accelerated gradient."""
    n = len(labels)
    if not n:
        return np.zeros((0, classes), dtype=np.float32)
    counts = np.bincount(labels, minlength=classes)
    balance = (1.0 / (np.count_nonzero(counts) * counts[labels]))[:, None].astype(np.float32)
    target = np.eye(classes, dtype=np.float32)[labels]
    # The Frobenius norm bounds the largest eigenvalue, which would cost more than the fit itself.
    step = 1.0 / (0.5 * float(balance.max()) * float(np.linalg.norm(gram)) + ridge)
    dual = ahead = np.zeros((n, classes), dtype=np.float32)
    for i in range(steps):
        error = np.exp(log_softmax(gram @ ahead)) - target
        last, dual = dual, ahead - step * (balance * error + ridge * ahead)
        ahead = dual + (i / (i + 3)) * (dual - last)
    return dual


def log_softmax(scores: NDArray[Any]) -> Floats:
    """Log-probabilities of scores along the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True, initial=-np.inf)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
