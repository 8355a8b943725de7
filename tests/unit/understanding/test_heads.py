"""The softmax head finds what separates labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.ports import Floats
from responders.understanding.heads import SoftmaxHead, log_softmax

LABELS = ("calm", "glad", "sad")
RIDGE = 1e-4


def rows(each: int, *, spread: float = 0.3, size: int = 16) -> tuple[Floats, list[str]]:
    """Unit rows around one direction a label."""
    chance = np.random.default_rng(7)
    made = np.concatenate([np.eye(size)[i] + spread * chance.standard_normal((each, size)) for i in range(3)])
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made.astype(np.float32), [label for label in LABELS for _ in range(each)]


def test_each_row_gets_its_label() -> None:
    known, labels = rows(30)
    head = SoftmaxHead.fit(known, labels, ridge=RIDGE)
    assert head.labels == LABELS
    read = [head.labels[i] for i in head.scores(known).argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(read, labels, strict=True)]) > 0.95
    assert np.exp(log_softmax(head.scores(known))).sum(axis=1) == pytest.approx(np.ones(len(known)), abs=1e-5)


def test_a_label_of_few_rows_counts_as_much() -> None:
    known, labels = rows(60)
    few = [*range(60), *range(60, 65), *range(120, 180)]
    head = SoftmaxHead.fit(known[few], [labels[i] for i in few], ridge=RIDGE)
    read = head.scores(known[65:120]).argmax(axis=1)
    assert (read == LABELS.index("glad")).mean() > 0.9


@pytest.mark.parametrize("count", [0, 1])
def test_next_to_nothing_to_fit(count: int) -> None:
    known, labels = rows(1)
    head = SoftmaxHead.fit(known[:count], labels[:count], ridge=RIDGE)
    assert head.scores(known[0]).shape == (count,)


@given(st.lists(st.floats(-80, 80), min_size=1, max_size=6))
def test_log_softmax_adds_up(scores: list[float]) -> None:
    assert float(np.exp(log_softmax(np.array(scores))).sum()) == pytest.approx(1, abs=1e-4)


def test_a_fit_that_is_remembered_is_of_the_same_rows_and_labels() -> None:
    known, labels = rows(20)
    first = SoftmaxHead.fit(known, labels, ridge=RIDGE)
    again = SoftmaxHead.fit(known.copy(), [*labels], ridge=RIDGE)
    assert (again.labels, again.bias.tolist()) == (first.labels, first.bias.tolist())
    moved = known.copy()
    moved[0] = -moved[0]
    for other in (
        SoftmaxHead.fit(moved, labels, ridge=RIDGE),
        SoftmaxHead.fit(known, labels[::-1], ridge=RIDGE),
        SoftmaxHead.fit(known, labels, ridge=1.0),
    ):
        assert (other.weights != first.weights).any()
