"""What the heads make of an encoder's numbers: chances that add up, names in order, and rows to compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from responders.ports import Floats
from responders.understanding.trained import MOODS, TELLS, ByWords, Heads, Model, unit

SITUATIONS = {"likes_the_art": "praise", "likes_the_sound": "praise", "it_broke": "complaint", "in_danger": "crisis"}
SIZE = 4


class Given:
    """An encoder whose numbers stand in the text: "1 0 0 2"."""

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.array([[float(n) for n in text.split()] for text in texts], dtype=np.float32)


def heads(**sharpness: float) -> Heads:
    """The first numbers of a row speak for the situations and their intents; the last for the mood `glad` and for a
    picture."""
    situation = np.eye(SIZE, len(SITUATIONS), dtype=np.float32)
    intent = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    mood, tells = np.zeros((SIZE, len(MOODS)), np.float32), np.zeros((SIZE, len(TELLS)), np.float32)
    mood[3, MOODS.index("glad")] = tells[3, TELLS.index("picture")] = 1
    weights = {"intent": intent, "situation": situation, "mood": mood, "tells": tells, "meaning": np.eye(SIZE)[:, :2]}
    return Heads(
        situations=SITUATIONS,
        weights=weights,
        biases={name: np.zeros(matrix.shape[1], np.float32) for name, matrix in weights.items()},
        sharpness={"intent": 1.0, "situation": 1.0, "mood": 1.0, "tells": 1.0, "chance": 1.0, **sharpness},
        thresholds={},
        background=np.zeros((0, SIZE), np.float32),
    )


@pytest.fixture
def model() -> Model:
    return Model(encoder=Given(), heads=heads())


def test_the_intents_are_those_of_the_situations_in_their_order(model: Model) -> None:
    assert model.intents == ("praise", "complaint", "crisis")
    assert model.intents[int(model.read("0 0 9 0").intents.argmax())] == "complaint"


def test_situations_are_told_the_likeliest_first(model: Model) -> None:
    read = model.read("1 3 9 0")
    assert [name for name, _, _ in read.situations] == ["it_broke", "likes_the_sound", "likes_the_art", "in_danger"]


def test_mood_and_tells(model: Model) -> None:
    read = model.read("0 0 0 6")
    assert read.mood == "glad"
    assert (read.told(0.6), read.told(0.5)) == ({"picture"}, {*TELLS})
    assert model.read("0 0 0 -6").told(0.5) == {*TELLS} - {"picture"}


def test_an_intent_is_the_sum_of_its_situations_too(model: Model) -> None:
    several, one = model.read("2 2 0 0"), model.read("2 0 0 0")
    assert several.intents[0] > one.intents[0]


def test_sharper_chances_have_the_same_order() -> None:
    blunt, sharp = (Model(encoder=Given(), heads=heads(chance=by)).read("1 0 2 0").intents for by in (0.5, 3.0))
    assert list(blunt.argsort()) == list(sharp.argsort())
    assert sharp.max() > blunt.max()


@given(arrays(np.float32, SIZE, elements=st.floats(-1000, 1000, width=32)))
def test_chances_add_up(row: Floats) -> None:
    read = Model(encoder=Given(), heads=heads()).read(" ".join(map(str, row)))
    assert float(read.intents.sum()) == pytest.approx(1, abs=1e-4)
    assert sum(chance for _, _, chance in read.situations) == pytest.approx(1, abs=1e-4)
    assert all(0 <= chance <= 1 for chance in (*read.intents, *(read.tells or {}).values()))
    assert np.isfinite(read.vector).all()


@given(arrays(np.float32, (3, SIZE), elements=st.floats(-1000, 1000, width=32)))
def test_rows_have_length_one_or_none(rows: Floats) -> None:
    lengths = np.linalg.norm(unit(rows), axis=1)
    assert np.allclose(lengths[np.linalg.norm(rows, axis=1) > 1e-3], 1, atol=1e-3)
    assert (unit(np.zeros((2, SIZE), np.float32)) == 0).all()


def test_meanings_and_vectors_are_rows_to_compare(model: Model) -> None:
    meanings = model.meanings(["3 4 7 7", "3 4 0 0", "4 -3 0 0"])
    assert np.allclose(meanings @ meanings.T, [[1, 1, 0], [1, 1, 0], [0, 0, 1]], atol=1e-6)
    assert np.allclose(model.vectors(["0 3 4 0"]), [[0, 0.6, 0.8, 0]])


def test_words_alone_give_intents_and_nothing_else() -> None:
    reads = ByWords(Given().encode, ("praise", "complaint"), np.eye(2, dtype=np.float32), np.zeros(2, np.float32), {})
    read = reads.read("3 0")
    assert read.intents == pytest.approx([0.9526, 0.0474], abs=1e-3)
    assert (read.situations, read.mood, read.told(0)) == ((), "plain", frozenset())
    assert reads.background.shape == (0, 2)
