"""Understanding a post: each analyzer adds one aspect (gates, intent, language, sentiment, details, resolution)."""

from __future__ import annotations

from responders.library.model import Library
from responders.ports import Analyzer, Encoder
from responders.understanding.answers import AnswersAnalyzer
from responders.understanding.details import DetailsAnalyzer
from responders.understanding.facts import Resolution
from responders.understanding.gates import Gates
from responders.understanding.intent import IntentAnalyzer
from responders.understanding.language import LanguageAnalyzer
from responders.understanding.normalise import compile_phrases, reading
from responders.understanding.sentiment import SentimentAnalyzer

__all__ = ["build_analyzers", "compile_phrases", "reading"]


def build_analyzers(
    library: Library, encoder: Encoder | None = None, faq_encoder: Encoder | None = None
) -> tuple[Analyzer, ...]:
    """The analyzers in their order: gates come before any intent. Fits the intents to the library's examples.

    Without an `encoder` they go by word patterns. `faq_encoder`: the one for questions where there is a better one.
    """
    return (
        Gates(library.word_lists["gates"], library.word_lists["gate_examples"], encoder),
        IntentAnalyzer(library, encoder),
        LanguageAnalyzer(),
        SentimentAnalyzer(library.word_lists["sentiment"]),
        DetailsAnalyzer(library),
        AnswersAnalyzer(library, faq_encoder or encoder),
        Resolution(library.word_lists["conversation"]),
    )
