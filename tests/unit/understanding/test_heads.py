"""The softmax head finds what separates labels, and tells held-out rows apart honestly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.ports import Floats
from responders.understanding.heads import SoftmaxHead, log_softmax

LABELS = ("calm", "glad", "sad")


def rows(each: int, *, spread: float = 0.3, size: int = 16) -> tuple[Floats, list[str]]:
    """Unit rows around one direction a label."""
    chance = np.random.default_rng(7)
    made = np.concatenate([np.eye(size)[i] + spread * chance.standard_normal((each, size)) for i in range(3)])
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made.astype(np.float32), [label for label in LABELS for _ in range(each)]


def test_each_row_gets_its_label() -> None:
    known, labels = rows(30)
    head = SoftmaxHead.fit(known, labels)
    assert head.labels == LABELS
    read = [head.labels[i] for i in head.log_probabilities(known).argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(read, labels, strict=True)]) > 0.95
    assert np.exp(head.log_probabilities(known)).sum(axis=1) == pytest.approx(np.ones(len(known)), abs=1e-5)


def test_a_label_of_few_rows_counts_as_much() -> None:
    known, labels = rows(60)
    few = [*range(60), *range(60, 65), *range(120, 180)]
    head = SoftmaxHead.fit(known[few], [labels[i] for i in few])
    read = head.log_probabilities(known[65:120]).argmax(axis=1)
    assert (read == LABELS.index("glad")).mean() > 0.9


def test_held_out_rows_are_read_by_a_fit_that_does_not_know_them() -> None:
    chance = np.random.default_rng(3)
    noise = chance.standard_normal((90, 200)).astype(np.float32)
    labels = [LABELS[i] for i in chance.integers(0, 3, 90)]
    head = SoftmaxHead.fit(noise, labels, folds=5)
    truth = np.array([LABELS.index(label) for label in labels])
    assert (head.log_probabilities(noise).argmax(axis=1) == truth).mean() > 0.95, "noise is learnt by heart"
    assert (head.held_out.argmax(axis=1) == truth).mean() < 0.55, "and nobody else's noise is told apart"


def test_a_label_that_stands_alone_is_unknown_without_its_row() -> None:
    known, labels = rows(5)
    head = SoftmaxHead.fit(known[:11], labels[:11], folds=5)
    assert head.held_out[10, 2] == -np.inf
    assert np.isfinite(head.held_out[:10, :2]).all()


@pytest.mark.parametrize("count", [0, 1])
def test_next_to_nothing_to_fit(count: int) -> None:
    known, labels = rows(1)
    head = SoftmaxHead.fit(known[:count], labels[:count], folds=5)
    assert head.log_probabilities(known[0]).shape == (count,)


@given(st.lists(st.floats(-80, 80), min_size=1, max_size=6))
def test_log_softmax_adds_up(scores: list[float]) -> None:
    assert float(np.exp(log_softmax(np.array(scores))).sum()) == pytest.approx(1, abs=1e-4)


def test_a_fit_that_is_remembered_is_of_the_same_rows_and_labels() -> None:
    known, labels = rows(20)
    first = SoftmaxHead.fit(known, labels)
    again = SoftmaxHead.fit(known.copy(), [*labels])
    assert (again.labels, again.bias.tolist()) == (first.labels, first.bias.tolist())
    moved = known.copy()
    moved[0] = -moved[0]
    for other in (
        SoftmaxHead.fit(moved, labels),
        SoftmaxHead.fit(known, labels[::-1]),
        SoftmaxHead.fit(known, labels, ridge=1.0),
    ):
        assert (other.weights != first.weights).any()
