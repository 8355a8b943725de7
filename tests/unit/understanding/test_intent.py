"""Intents are read from examples alone, the same in every process, and strange texts stay unsure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from responders.library.model import Library
from responders.types import Context, Post, Understanding
from responders.understanding.features import Features
from responders.understanding.intent import IntentAnalyzer
from responders.understanding.normalise import has_words, reading
from responders.understanding.sentiment import SentimentAnalyzer

HELD_OUT = yaml.safe_load((Path(__file__).parents[1] / "data" / "held_out.yaml").read_text(encoding="utf-8"))
CONTRACT = [
    ("ugc_shared", 0),
    ("ugc_shared", 1),
    ("ugc_shared", 2),
    ("ugc_shared", 3),
    ("complaint", 0),
    ("complaint", 1),
    ("complaint", 2),
    ("praise", 0),
    ("praise", 1),
    ("praise", 2),
    ("praise", 3),
    ("are_you_a_bot", 0),
    ("thanks", 0),
    ("question", 0),
]
Read = Callable[..., Understanding]


@pytest.fixture(scope="module")
def read(small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Read:
    analyzer = IntentAnalyzer(small_library)
    return lambda text, **kw: analyzer.analyze(a_post(text), a_context(**kw), Understanding())


@pytest.mark.parametrize(("intent", "text"), [(intent, HELD_OUT[intent][i]) for intent, i in CONTRACT])
def test_clear_posts_are_read_with_confidence(read: Read, intent: str, text: str) -> None:
    understanding = read(text)
    assert understanding.intent == intent
    assert understanding.confidence >= 0.5


def test_posts_held_out(read: Read, small_library: Library) -> None:
    def drafted(text: str) -> str | None:
        got = read(text)
        silent = got.confidence < 0.5 or small_library.intents[got.intent or ""].action == "silent"
        return "silent" if silent else got.intent

    wrong = [(want, text) for want, texts in HELD_OUT.items() for text in texts if drafted(text) != want]
    total = sum(map(len, HELD_OUT.values()))
    assert len(wrong) <= total // 10, wrong


def test_all_intents_are_kept_and_add_up(read: Read) -> None:
    understanding = read("thanks! where is the save folder?")
    assert sum(share for _, share in understanding.intents) == pytest.approx(1, abs=0.01)
    assert {name for name, _ in understanding.intents[:2]} == {"thanks", "question"}
    assert list(understanding.intents) == sorted(understanding.intents, key=lambda r: -r[1])


def test_nearest_is_an_example_of_the_intent(read: Read, small_library: Library) -> None:
    understanding = read("the harbor looks stunning today")
    assert understanding.nearest == "the harbor looks stunning at night"
    assert understanding.nearest in small_library.intents["praise"].examples["en"]


def test_a_manager_names_the_intent(read: Read) -> None:
    understanding = read("love it", forced_intent="complaint")
    assert (understanding.intent, understanding.confidence) == ("complaint", 1.0)
    assert len({name for name, _ in understanding.intents}) == len(understanding.intents)


def test_a_post_at_a_gate_is_read_too_and_the_gate_says_how_sure_it_is(
    small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    analyzer, post = IntentAnalyzer(small_library), a_post("love it")
    free = analyzer.analyze(post, a_context(), Understanding())
    at_gate = analyzer.analyze(post, a_context(), Understanding(risk=("toxic",), confidence=0.77))
    assert at_gate == replace(free, risk=("toxic",), confidence=0.77)


@pytest.mark.parametrize("count", [0, 1])
def test_few_intents_are_no_accident(
    count: int, small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    intents = dict(list(small_library.intents.items())[:count])
    analyzer = IntentAnalyzer(replace(small_library, intents=intents))
    assert len(analyzer.analyze(a_post("hello"), a_context(), Understanding()).intents) == count


def test_few_examples_hold_their_own_among_many(
    small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    texts = ("remind me to water the plants", "set a reminder for the dentist", "put a reminder on for rent")
    few = replace(small_library.intents["thanks"], name="reminder", examples={"en": texts}, cues={})
    analyzer = IntentAnalyzer(replace(small_library, intents={**small_library.intents, "reminder": few}))

    def read(text: str) -> str | None:
        return analyzer.analyze(a_post(text), a_context(), Understanding()).intent

    theirs = ("please remind me to call mum", "a reminder for rent please")
    assert [read(text) for text in theirs] == ["reminder"] * len(theirs)
    assert all(read(text) != "reminder" for texts in HELD_OUT.values() for text in texts)


def test_the_same_in_every_process() -> None:
    bare = Features({"classes": {}, "sentiment": {"positive": (), "negative": (), "not": ()}})
    assert [int(i) for i in bare.vector("fog").nonzero()[0]] == sorted(
        i % 2048 for i in (186, 337, 691, 772, 836, 1799, 2140, 2671)
    )


@given(st.text(max_size=300))
def test_reading_any_text_gives_text_that_reads_the_same(text: str) -> None:
    read = reading(text)
    assert read == " ".join(read.split())
    assert isinstance(has_words(text), bool)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("I’m sooooo happy", "im soo happy"),
        ("see https://x.example/a?b=c now", "see weblink now"),
        ("@Pete_1 fill the oil", "@someone fill the oil"),
        ("<@12345> hi <:lamp:99>", "@someone hi lamp"),
        ("l\u200bo\u200bve it", "love it"),
        ("l\u043eve it", "love it"),
        ("\u043b\u044e\u0431\u043b\u044e", "\u043b\u044e\u0431\u043b\u044e"),
        ("mail me: a.b@c.example", "mail me: emailaddress"),
    ],
)
def test_reading(text: str, want: str) -> None:
    assert reading(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("love it", "positive"),
        ("not good", "negative"),
        ("i'm not happy with this", "negative"),
        ("never boring", "positive"),
        ("the art is lovely but it crashed twice", "mixed"),
        ("where is the gate", "neutral"),
        ("no. great.", "positive"),
        ("das ist nicht schön", "negative"),
        ("", "neutral"),
    ],
)
def test_sentiment(
    text: str, want: str, word_lists: dict[str, Any], a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    analyzer = SentimentAnalyzer(word_lists["sentiment"])
    assert analyzer.analyze(a_post(text), a_context(), Understanding()).sentiment == want
