"""Posts that say the same fall together, whatever their order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.understanding.grouping import ALIKE, Said, common, group, key_words, nearest
from responders.understanding.normalise import encodable
from responders.understanding.trained import unit
from tests.eval.grouping import measured
from tests.model import reader


def said(vector, situation=None):
    return Said(vector=np.array(vector, np.float32), situation=situation)


def real(*texts):
    rows = unit(np.stack([reader().encoder.encode_once(encodable(text)) for text in texts]))
    return [Said(vector=row) for row in rows]


def sets(groups, names):
    return {frozenset(names[place] for place in one.members) for one in groups}


vectors = st.lists(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.3, 1.0]), min_size=4, max_size=4), max_size=12)


@given(vectors, st.randoms(use_true_random=False))
def test_the_order_of_posts_changes_nothing(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    straight = sets(group([said(row) for row in rows]), range(len(rows)))
    assert sets(group([said(rows[place]) for place in order]), order) == straight


@given(vectors)
def test_every_post_is_in_one_group_and_the_same_words_in_the_same(rows):
    groups = group([said(row) for row in [*rows, *rows]])
    places = [place for one in groups for place in one.members]
    assert sorted(places) == list(range(2 * len(rows)))
    of = {place: number for number, one in enumerate(groups) for place in one.members}
    for place, row in enumerate(rows):
        if any(row):
            assert of[place] == of[place + len(rows)]
    assert [one.size for one in groups] == sorted((one.size for one in groups), reverse=True)


@given(vectors)
def test_groups_are_alike_on_average_and_no_two_should_be_one(rows):
    groups = group([said(row) for row in rows])
    units = unit(np.array(rows, np.float32)) if rows else np.zeros((0, 4), np.float32)
    middles = [units[list(one.members)] for one in groups]
    for number, one in enumerate(middles):
        for other in middles[:number]:
            assert (one @ other.T).mean() < ALIKE + 1e-5


@given(vectors.filter(bool))
def test_a_post_joins_the_group_that_it_would_have_been_in(rows):
    groups = group([said(row) for row in rows])
    units = unit(np.array(rows, np.float32))
    middles = np.stack([units[list(one.members)].mean(axis=0) for one in groups])
    found = nearest(units[0], middles)
    likeness = middles @ units[0]
    assert found is None or likeness[found] == likeness.max() >= ALIKE
    assert found is not None or likeness.max() < ALIKE


def test_nothing_is_in_no_group():
    assert group([]) == []
    assert nearest(np.ones(3, np.float32), np.zeros((0, 0), np.float32)) is None
    assert key_words([], []) == ()


def test_what_most_are_taken_for_names_a_group():
    assert common(["crash", "crash", "bug"]) == "crash"
    assert common(["crash", "bug"]) is None
    assert common([None, None, "crash"]) is None
    one = group([said([1, 0], situation="crash"), said([1, 0.1], situation="crash"), said([1, 0], situation=None)])
    assert [each.situation for each in one] == ["crash"]


def test_a_crowd_of_posts_that_are_all_alike_is_one_group():
    rows = np.ones((4000, 8), np.float32)
    rows[:, 0] += np.linspace(0, 0.01, len(rows), dtype=np.float32)
    assert [one.size for one in group([said(row) for row in rows])] == [4000]


def test_one_meaning_in_several_languages_is_one_group():
    texts = (
        "the app crashes every time i open it",
        "die app stürzt jedes mal ab wenn ich sie öffne",
        "la app se cierra cada vez que la abro",
        "l'appli plante à chaque ouverture",
        "please add a dark mode",
        "bitte einen dunkelmodus",
        "un modo oscuro por favor",
    )
    found = sets(group(real(*texts)), range(len(texts)))
    assert found == {frozenset({0, 1, 2, 3}), frozenset({4, 5, 6})}


def test_key_words_are_those_that_others_do_not_say():
    texts = ["please add a photo mode to the game", "photo mode when?", "i want the photo mode"]
    elsewhere = ["please fix the game", "i want the map in the game", "when does the game add a boss to the map"]
    assert set(key_words(texts, elsewhere, most=2)) == {"photo", "mode"}


@pytest.mark.parametrize("kind", ["situations", "questions"])
def test_groups_are_as_good_as_the_design_notes_say(kind):
    precision, recall = measured(kind, most=3)
    assert precision >= {"situations": 0.95, "questions": 0.8}[kind]
    assert recall >= {"situations": 0.85, "questions": 0.35}[kind]
