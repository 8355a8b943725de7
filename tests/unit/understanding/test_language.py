"""Languages as people mix them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import Langid
from responders.types import Context, Post, Understanding
from responders.understanding.language import LanguageAnalyzer


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


@given(st.text(max_size=300))
def test_any_text_has_a_language(
    detector: Langid, a_post: Callable[..., Post], a_context: Callable[..., Context], text: str
) -> None:
    read = LanguageAnalyzer(detector).analyze(a_post(text), a_context(locale="fr"), Understanding())
    assert read == Understanding(language=read.language)
    assert len(read.language) == 2
