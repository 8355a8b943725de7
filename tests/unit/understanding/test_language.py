"""Languages as people mix them, feelings with the real encoder, and whether a post belongs to a talk of fans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.encoder import load_encoder
from bot.language import Langid, Vader
from responders.types import Context, Post, Turn, Understanding
from responders.understanding.facts import among_fans
from responders.understanding.language import LanguageAnalyzer
from responders.understanding.sentiment import SentimentAnalyzer, SentimentHead
from tests.unit.conftest import NOW


@pytest.fixture(scope="module")
def detector() -> Langid:
    return Langid()


@pytest.mark.parametrize(
    ("text", "channel", "want"),
    [
        ("wie kann ich den Ton leiser stellen", "en", "de"),
        ("¿cuándo sale la próxima temporada?", "en", "es"),
        ("je n'arrive plus à me connecter depuis hier", "en", "fr"),
        ("não consigo entrar na minha conta desde ontem", "en", "pt"),
        ("where did you find the key", "de", "en"),
        ("lol same", "de", "de"),
        ("gg", "fr", "fr"),
        ("", "de", "de"),
        ("👍👍👍", "de", "de"),
        ("@Ana https://x.example/une-page-en-francais ok", "en", "en"),
        ("このゲームはとても楽しいです", "en", "ja"),
        ("когда выйдет новая серия", "en", "ru"),
    ],
)
def test_language(
    detector: Langid,
    text: str,
    channel: str,
    want: str,
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
) -> None:
    analyzer = LanguageAnalyzer(detector, frozenset({"en", "de"}))
    assert analyzer.analyze(a_post(text), a_context(locale=channel), Understanding()).language == want


def test_without_a_detector_each_channel_speaks_its_own(
    a_post: Callable[..., Post], a_context: Callable[..., Context]
) -> None:
    read = LanguageAnalyzer().analyze(a_post("wie kann ich das umstellen"), a_context(locale="fr"), Understanding())
    assert read.language == "fr"


@pytest.fixture(scope="module")
def feeling(word_lists: dict[str, Any]) -> SentimentAnalyzer:
    head = SentimentHead(word_lists["sentiment_examples"], load_encoder(), Vader())
    return SentimentAnalyzer(word_lists["sentiment"], head)


@pytest.mark.parametrize(
    ("text", "language", "want"),
    [
        ("the storm fight is the best thing you ever made", "en", "positive"),
        ("zero errors since the upgrade, so happy", "en", "positive"),
        ("doors open at seven on friday", "en", "neutral"),
        ("does the storm start on monday", "en", "neutral"),
        ("nobody answers and my order never came", "en", "negative"),
        ("not good at all, really disappointed", "en", "negative"),
        ("ich bin so froh, dass es wieder läuft", "de", "positive"),
        ("es una vergüenza, no funciona nada", "es", "negative"),
        ("le magasin ouvre à dix heures", "fr", "neutral"),
        ("que show lindo ontem", "pt", "positive"),
    ],
)
def test_feelings(
    feeling: SentimentAnalyzer,
    text: str,
    language: str,
    want: str,
    a_post: Callable[..., Post],
    a_context: Callable[..., Context],
) -> None:
    assert feeling.analyze(a_post(text), a_context(), Understanding(language=language)).sentiment == want


def a_turn(role: Any, ago: timedelta) -> Turn:
    return Turn(role=role, name="Kim", text="see you there", at=NOW - ago, in_thread=False)


@pytest.mark.parametrize(
    ("around", "sign"),
    [
        ({}, 0),
        ({"replies_to": "fan"}, 1),
        ({"replies_to": "fan", "addressed": True}, -1),
        ({"replies_to": "staff"}, -1),
        ({"before": (a_turn("fan", timedelta(seconds=30)),)}, 1),
        ({"before": (a_turn("staff", timedelta(minutes=3)),)}, -1),
        ({"before": (a_turn("fan", timedelta(minutes=20)),)}, 0),
        ({"before": (a_turn("fan", timedelta(hours=5)),)}, -1),
    ],
)
def test_who_spoke_last_tells_whether_fans_are_among_themselves(
    around: dict[str, Any], sign: int, a_context: Callable[..., Context]
) -> None:
    shift = among_fans(a_context(**around))
    assert (shift > 0) - (shift < 0) == sign
