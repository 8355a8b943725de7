"""The gates fire on what they must and leave game talk alone: the cases stand beside the lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import responders.understanding
from responders.types import Context, Post, Understanding
from responders.understanding.facts import Conversation
from responders.understanding.gates import GATES, Gate, Gates, gate_words
from responders.understanding.normalise import compile_phrases

DATA = Path(responders.understanding.__file__).parent / "data"
LISTS = yaml.safe_load((DATA / "gates.yaml").read_text(encoding="utf-8"))
TALK = yaml.safe_load((DATA / "conversation.yaml").read_text(encoding="utf-8"))


def cases(key: str) -> list[tuple[str, str]]:
    return [(gate, text) for gate in GATES for text in LISTS[gate][key]]


@pytest.mark.parametrize(("gate", "text"), cases("must_fire"))
def test_fires(gate: str, text: str) -> None:
    assert Gate(LISTS[gate]).fires(text)


@pytest.mark.parametrize(("gate", "text"), cases("must_stay_silent"))
def test_harmless_text_passes_every_gate(
    gate: str, text: str, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    assert Gates(LISTS).analyze(a_post(text), a_context(), Understanding()).risk == ()


@pytest.mark.parametrize(
    "text",
    [
        "I  WANT   TO\nKILL MYSELF",
        "i want to k\u200bill my\u00adself",
        "i want to killlll myself",
        "i want to k\u0456ll myself",
        "love the fog. also i want to kill myself",
        "\u202ei want to kill myself\u202c",
        "x " * 3000 + "i want to kill myself",
    ],
)
def test_disguises_do_not_help(text: str) -> None:
    assert Gate(LISTS["crisis"]).fires(text)


@pytest.fixture(scope="module")
def by_words() -> Gates:
    """The gates as they are without a sentence encoder."""
    names = ("gates", "gate_examples", "classes", "sentiment")
    lists = {name: yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8")) for name in names}
    return Gates(lists["gates"], lists["gate_examples"], words=gate_words(lists))


@pytest.mark.parametrize(
    "text",
    [
        "i'm so tired of existing",
        "would anyone even care if i stopped being here",
        "my family would be happier if i was never born",
        "no quiero seguir en este mundo",
        "je ne veux plus vivre, personne ne me remarque",
        "não aguento mais viver, só queria sumir",
        "ich will nicht mehr leben, alles ist leer",
    ],
)
def test_without_an_encoder_a_quiet_crisis_is_at_least_never_drafted(
    by_words: Gates, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    read = by_words.analyze(a_post(text), a_context(), Understanding())
    assert "crisis" in read.risk or read.uneasy


@pytest.mark.parametrize(
    "text", ["the new map is gorgeous", "where do i buy the soundtrack", "thanks for the quick fix", "good night all"]
)
def test_without_an_encoder_plain_posts_pass(
    by_words: Gates, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    assert by_words.analyze(a_post(text), a_context(), Understanding()) == Understanding()


def test_a_gate_says_how_sure_it_is(
    by_words: Gates, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    for text in ("i want to kill myself", "we know where you live", "you are such an idiot"):
        assert by_words.analyze(a_post(text), a_context(), Understanding()).confidence >= 0.9


def test_words_of_two_sentences_make_no_phrase() -> None:
    assert not Gate(LISTS["crisis"]).fires("what a kill. myself i prefer fishing")


def test_the_most_urgent_gate_comes_first(a_post: Callable[..., Post], a_context: Callable[..., Context]) -> None:
    text = "you idiots, i will call my lawyer. we know where you live"
    risk = Gates(LISTS).analyze(a_post(text), a_context(), Understanding()).risk
    assert risk == ("crisis", "legal", "toxic")


@pytest.mark.parametrize("text", TALK["solved_alone"]["must_fire"])
def test_settled(text: str) -> None:
    assert Conversation(TALK).only_solved(text)


@pytest.mark.parametrize("text", TALK["solved_alone"]["must_stay_silent"])
def test_not_settled(text: str) -> None:
    assert not Conversation(TALK).only_solved(text)


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("crash*", "it crashes", True),
        ("crash*", "a car crash", True),
        ("crash*", "the backcrash", False),
        ("a * b", "a one two three b", True),
        ("a * b", "a one two three four b", False),
        ("a * b", "a b", True),
        ("(see you|cya) there", "see you there", True),
        ("im ten .", "im ten", True),
        ("im ten .", "im ten, hi", True),
        ("im ten .", "im ten hours in", False),
        ("10/10", "a 10/10 from me", True),
        ("a.b", "axb", False),
    ],
)
def test_phrase_language(phrase: str, text: str, found: bool) -> None:
    assert bool(compile_phrases([phrase]).search(text)) is found


def test_an_empty_list_matches_nothing() -> None:
    assert not compile_phrases([]).search("anything")
