"""Whether a post is glad or cross: by its mood, or by words where no mood was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.library.model import Library
from responders.types import Context, Post, Understanding
from responders.understanding.intent import IntentAnalyzer
from responders.understanding.sentiment import Mockery, SentimentAnalyzer
from responders.understanding.trained import MOODS
from tests.model import reader as trained

Feel = Callable[..., str]


@pytest.fixture(scope="module")
def feel(word_lists: dict[str, Any], a_post: Callable[..., Post], a_context: Callable[..., Context]) -> Feel:
    """The sentiment of a text; with a mood where one was read."""

    def read(text: str, mood: Any = None, intent: str | None = None) -> str:
        analyzer = SentimentAnalyzer(word_lists["sentiment"], by_mood=mood is not None)
        so_far = Understanding(mood=mood or "plain", intent=intent)
        return analyzer.analyze(a_post(text), a_context(), so_far).sentiment

    return read


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
def test_by_words(feel: Feel, text: str, want: str) -> None:
    assert feel(text) == want


@pytest.mark.parametrize(
    ("text", "mood", "intent", "want"),
    [
        ("the bakery opens at nine", "glad", "praise", "positive"),
        ("the bakery opens at nine", "proud", "ugc_shared", "positive"),
        ("the bakery opens at nine", "hurt", "complaint", "negative"),
        ("the bakery opens at nine", "angry", "churn", "negative"),
        ("the bakery opens at nine", "worried", "question", "negative"),
        ("the bakery opens at nine", "plain", "question", "neutral"),
        ("what a lovely crash", "angry", "complaint", "negative"),
        ("love it", "plain", "question", "neutral"),
        # a joke is glad, unless it is about something that is wrong
        ("my cat plays it now", "light", "praise", "positive"),
        ("my cat plays it now", "light", None, "positive"),
        ("my cat plays it now", "light", "complaint", "negative"),
        ("my cat plays it now", "light", "crisis", "negative"),
        # both in one, where the mood leaves it open
        ("the art is lovely but it crashed twice", "plain", "praise", "mixed"),
        ("the art is lovely but it crashed twice", "light", "complaint", "mixed"),
        ("the art is lovely but it crashed twice", "glad", "praise", "positive"),
    ],
)
def test_by_mood(feel: Feel, text: str, mood: str, intent: str | None, want: str) -> None:
    assert feel(text, mood, intent) == want


@given(st.text(max_size=200), st.sampled_from([None, *MOODS]), st.sampled_from([None, "praise", "complaint"]))
def test_any_text_has_one(feel: Feel, text: str, mood: str | None, intent: str | None) -> None:
    assert feel(text, mood, intent) in {"positive", "neutral", "negative", "mixed"}


FELT = {
    "positive": (
        *("the storm fight is the best thing you ever made", "zero errors since the upgrade, so happy"),
        *("ich bin so froh, dass es wieder läuft", "que show lindo ontem"),
    ),
    "neutral": ("doors open at seven on friday", "does the storm start on monday", "le magasin ouvre à dix heures"),
    "negative": (
        *("nobody answers and my order never came", "not good at all, really disappointed"),
        "es una vergüenza, no funciona nada",
    ),
}


def test_most_feelings_are_read_by_the_model(
    small_library: Library, a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    intent = IntentAnalyzer(small_library, trained().model(None)[0])
    analyzer = SentimentAnalyzer(small_library.word_lists["sentiment"], by_mood=True)

    def felt(text: str) -> str:
        read = intent.analyze(a_post(text), a_context(), Understanding())
        return analyzer.analyze(a_post(text), a_context(), read).sentiment

    wrong = [(want, felt(text), text) for want, texts in FELT.items() for text in texts if felt(text) != want]
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("great job, another crash. thanks for nothing", True),
        ("thanks for deleting my save", True),
        ("thank you so much, the new patch fixed the crash", False),
        ("what a lovely map", False),
        ("", False),
    ],
)
def test_mockery(word_lists: dict[str, Any], text: str, likely: bool) -> None:
    assert Mockery(word_lists).likely(text) is likely
