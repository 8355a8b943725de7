"""Posts that say the same fall together, whatever their order."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.understanding.grouping import (
    ALIKE,
    JOINS,
    MOST_LIKE,
    QUESTION_JOINS,
    Said,
    common,
    gathered,
    group,
    key_words,
)
from responders.understanding.normalise import encodable
from responders.understanding.trained import unit
from tests.eval.grouping import measured, measured_as_they_come
from tests.model import reader

pytestmark = pytest.mark.whole


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


@st.composite
def known_and_new(draw):
    """Groups with some posts each, and new posts that need some likeness."""
    row = st.lists(st.sampled_from([-1.0, -0.5, 0.3, 1.0]), min_size=4, max_size=4)
    known = draw(st.lists(st.lists(row, min_size=1, max_size=5), max_size=4))
    new = draw(st.lists(st.tuples(row, st.sampled_from([0.4, JOINS, QUESTION_JOINS])), max_size=8))
    return [unit(np.array(rows, np.float32)) for rows in known], [
        Said(vector=np.array(row, np.float32), joins=joins) for row, joins in new
    ]


@given(known_and_new())
def test_whoever_is_left_alone_is_like_no_group(both):
    known, new = both
    found = gathered(new, known)
    members = [list(rows) for rows in known]
    for one, of in zip(new, found, strict=True):
        if of is not None:
            members += [[] for _ in range(of + 1 - len(members))]
            members[of].append(unit(one.vector))
    assert all(members)
    for one in (one for one, of in zip(new, found, strict=True) if of is None):
        for rows in members:
            most = sorted(np.stack(rows) @ unit(one.vector))[-MOST_LIKE:]
            assert np.mean(most) < one.joins + 1e-5


def test_nothing_is_in_no_group():
    assert group([]) == []
    assert gathered([], [np.ones((1, 3), np.float32)]) == []
    assert gathered([said([1, 0])], []) == [None]
    assert key_words([], []) == ()


SAVES = (
    "updated to 2.0 and my save is gone",
    "my save is gone since update 2.0, all of it",
    "patch 2.0 broke all my saves, the game does not read them",
    "all my progress vanished when i started the new version",
    "die neue version hat meinen spielstand gelöscht",
    "the update wiped my save, six weeks of work",
    "depuis la mise à jour ma sauvegarde a disparu",
    "lost every save on this machine, nothing loads",
)
OTHERS = (
    "the app crashes when i open the map",
    "how do i move my save to another computer?",
    "please add a dark mode",
    "the new sound of the horn is awful",
)


def one_by_one(every, order):
    """The groups of posts that come in this order."""
    groups, alone = [], []
    for place in order:
        alone.append(place)
        found = gathered([every[one] for one in alone], [np.stack([every[i].vector for i in some]) for some in groups])
        for one, of in zip(alone, found, strict=True):
            if of is not None:
                groups += [[] for _ in range(of + 1 - len(groups))]
                groups[of].append(one)
        alone = [one for one, of in zip(alone, found, strict=True) if of is None]
    return groups


@pytest.mark.parametrize("seed", range(5))
def test_a_crowd_that_says_one_thing_in_many_ways_is_one_group_in_whatever_order_it_comes(seed):
    every = real(*SAVES, *OTHERS)
    order = list(range(len(every)))
    random.Random(seed).shuffle(order)  # noqa: S311 - an order
    (crowd,) = one_by_one(every, order)
    assert sorted(crowd) == list(range(len(SAVES)))
    assert gathered([every[place] for place in order], []) == [0 if place < len(SAVES) else None for place in order]
    assert group(every)[0].size < len(SAVES), "likeness to all on average does not find them"


def test_a_group_as_a_whole_joins_the_one_that_it_is_like():
    first = [[1.0, 0.0, 0.0]] * 3
    new = [said([0.6, 0.8, 0.0]), said([0.6, 0.8, 0.1])]
    assert gathered(new, [np.array(first, np.float32)]) == [0, 0]
    far = [said([0.3, 0.9, 0.0]), said([0.3, 0.9, 0.1])]
    assert gathered(far, [np.array(first, np.float32)]) == [1, 1]


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


@pytest.mark.parametrize("kind", ["situations", "questions"])
def test_posts_that_come_one_by_one_are_grouped_as_well(kind):
    precision, recall = measured_as_they_come(kind, most=3)
    assert precision >= {"situations": 0.95, "questions": 0.8}[kind]
    assert recall >= {"situations": 0.85, "questions": 0.35}[kind]
