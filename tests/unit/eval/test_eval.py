"""The development posts are a fair measure, and the figures say what they should."""

import re
from collections import Counter

import pytest

from bot.content import read_library
from responders.types import Candidate, Detail, Outcome, Proposal, Reason, ReasonCode, Understanding
from tests.eval import figures, posts
from tests.eval.posts import GATES, SILENT, Labelled, Named
from tests.eval.reading import ROOT, Read


@pytest.fixture(scope="module")
def library():
    return read_library(ROOT / "templates")


def words(text):
    return " ".join(re.findall(r"\w+", text.casefold()))


@pytest.mark.parametrize(("folder", "least"), [(posts.HERE, 24), (posts.UNSEEN, 12)])
def test_each_label_is_one_of_ours_and_has_enough_posts(library, folder, least):
    own = posts.posts(folder)
    labels = Counter(post.label for post in own)
    assert set(labels) == (set(library.intents) | GATES)
    assert min(labels.values()) >= least
    assert sum(post.language != "en" for post in own) > len(own) / 5


@pytest.mark.parametrize("folder", [posts.HERE, posts.UNSEEN])
def test_no_post_stands_in_the_files_it_is_read_by(library, folder):
    taught = {words(text) for i in library.intents.values() for texts in i.examples.values() for text in texts}
    asked = {words(ask) for template in library.templates for ask in template.asks}
    own = [post for post in posts.posts(folder) if len(post.text.split()) > 3]
    assert [post.text for post in own if words(post.text) in taught | asked] == []
    assert [text for text, n in Counter(post.text for post in posts.posts(folder)).items() if n > 1] == []


def test_unseen_posts_are_of_communities_of_their_own():
    seen, unseen = posts.posts(), posts.posts(posts.UNSEEN)
    assert not {post.community for post in seen} & {post.community for post in unseen}
    assert not {words(post.text) for post in seen} & {words(post.text) for post in unseen}
    assert not {words(p.text) for p in posts.feelings()} & {words(p.text) for p in posts.feelings(posts.UNSEEN)}
    assert not {words(case.text) for case in posts.named()} & {words(case.text) for case in posts.named(posts.UNSEEN)}


def test_new_intents_and_questions_keep_examples_and_posts_apart(library):
    for intent in posts.new_intents():
        assert intent.name not in library.intents
        assert len(intent.examples) == 15
        assert not {words(t) for t in intent.examples} & {words(t) for t in intent.posts}
    for file, count, fans in (("faq", 40, 3), ("faq_game", 128, 2)):
        entries = posts.entries(file)
        assert len(entries) == len({entry.id for entry in entries}) == count
        assert all(len(entry.fans) == fans and words(entry.ask) not in map(words, entry.fans) for entry in entries)


@pytest.mark.parametrize("folder", [posts.HERE, posts.UNSEEN])
def test_details_are_words_of_their_posts(folder):
    assert [case.text for case in posts.named(folder) if not all(d in case.text for d in case.details)] == []


def read(label, as_, *, confidence=0.9, drafted=False, language="en", faq=(), template="t"):
    """A post labelled so, that was read as this."""
    gate = as_ in GATES
    understanding = Understanding(
        intent=None if gate else as_, confidence=confidence, risk=(as_,) if gate else (), faq=tuple(faq)
    )
    proposal = Proposal(
        outcome=Outcome.DRAFT if drafted else Outcome.SILENT,
        reason=Reason(code=ReasonCode.INTENT, sentence="so"),
        understanding=understanding,
        candidate=Candidate(text="hi", template=template, variant="v") if drafted else None,
    )
    return Read(post=Labelled(label=label, language=language, text="..."), proposal=proposal)


MIXED = [
    read("praise", "praise", drafted=True),
    read("praise", "thanks", confidence=0.2),
    read("thanks", "thanks"),
    read("crosstalk", "thanks", drafted=True),
    read("crisis", "crisis"),
    read("crisis", "praise", confidence=0.3),
]


def test_f1_of_a_mixed_bag():
    assert figures.f1(MIXED, "praise") == pytest.approx(2 * 1 / (2 + 2))
    assert figures.f1(MIXED, "thanks") == pytest.approx(2 * 1 / (1 + 3))
    assert figures.macro_f1(MIXED) == pytest.approx((1 / 2 + 1 / 2 + 0 + 2 / 3) / 4)
    assert figures.macro_f1([]) is None


def test_the_surest_are_taken_by_confidence():
    assert figures.surest(MIXED, 4 / 6) == pytest.approx(3 / 4)
    assert figures.surest(MIXED, 1) == pytest.approx(3 / 6)


def test_gates_count_alarms_on_ordinary_posts_only():
    assert figures.recall(MIXED, "crisis") == 0.5
    assert figures.alarms([*MIXED, read("toxic", "crisis")], "crisis") == 0
    assert figures.alarms([*MIXED, read("wish", "crisis")], "crisis") == pytest.approx(1 / 5)


def test_goals_are_told_from_misses():
    found = {figure.name: figure for figure in figures.of_posts(MIXED)}
    assert found["silent posts drafted"].value == 1
    assert found["silent posts drafted"].holds is False
    assert found["crisis drafted"].holds is True
    assert found["spam found"].value is found["spam found"].holds is None
    assert found["posts to be drafted: drafted rightly"].value == pytest.approx(1 / 3)


def test_answers_are_found_by_their_file_name():
    asked = [
        read("a", "question", faq=[("en/question/a", 0.9), ("en/question/b", 0.5)]),
        read(
            "b",
            "question",
            faq=[("en/question/a", 0.9), ("en/question/b", 0.5)],
            drafted=True,
            template="en/question/a",
        ),
        read("c", "question"),
    ]
    values = [figure.value for figure in figures.of_questions("FAQ", asked, ["en/question/a", "en/question/b"])]
    assert values == pytest.approx([1 / 3, 2 / 3, 0, 1 / 3])


@pytest.mark.parametrize(
    ("found", "named", "precision", "recall"),
    [
        (["my blue shirt"], ["blue shirt"], 1, 1),
        (["shirt"], ["the blue shirt"], 1, 1),
        (["shirts"], ["shirt"], 0, 0),
        (["the"], ["the shirt"], 0, 0),
        ([], ["shirt"], None, 0),
        (["shirt", "hat"], ["shirt"], 0.5, 1),
        (["shirt"], [], 0, None),
    ],
)
def test_a_detail_with_more_or_fewer_words_is_the_same(found, named, precision, recall):
    understanding = Understanding(details=tuple(Detail(kind="thing", text=text) for text in found))
    reason = Reason(code=ReasonCode.INTENT, sentence="so")
    proposal = Proposal(outcome=Outcome.SILENT, reason=reason, understanding=understanding)
    values = [f.value for f in figures.of_details([(Named(text="...", details=tuple(named)), proposal)])]
    assert values == [precision, recall]


def test_silent_labels_are_no_gates():
    assert not SILENT & GATES
