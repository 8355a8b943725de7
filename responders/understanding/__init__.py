"""Understanding a post: each analyzer adds one aspect (gates, intent, language, sentiment, details, resolution)."""

from __future__ import annotations

from responders.library.model import Library
from responders.ports import Analyzer, Encoder, LanguageDetector, Polarity
from responders.understanding.answers import AnswersAnalyzer
from responders.understanding.details import DetailsAnalyzer
from responders.understanding.facts import Resolution
from responders.understanding.gates import Gates, gate_words
from responders.understanding.intent import IntentAnalyzer
from responders.understanding.language import LanguageAnalyzer
from responders.understanding.normalise import compile_phrases, reading
from responders.understanding.sentiment import SentimentAnalyzer, SentimentHead

__all__ = ["build_analyzers", "compile_phrases", "reading"]


def build_analyzers(
    library: Library,
    encoder: Encoder | None = None,
    faq_encoder: Encoder | None = None,
    languages: LanguageDetector | None = None,
    polarity: Polarity | None = None,
) -> tuple[Analyzer, ...]:
    """The analyzers in their order: gates come before any intent. Fits the intents to the library's examples.

    Without an `encoder` they go by word patterns, without `languages` by the channel's, and `polarity` helps to read
    feelings in English. `faq_encoder`: the one for questions where there is a better one.
    """
    lists = library.word_lists
    feeling = SentimentHead(lists["sentiment_examples"], encoder, polarity) if encoder else None
    return (
        Gates(lists["gates"], lists["gate_examples"], encoder, None if encoder else gate_words(lists)),
        IntentAnalyzer(library, encoder),
        LanguageAnalyzer(languages, frozenset(template.locale for template in library.templates)),
        SentimentAnalyzer(lists["sentiment"], feeling),
        DetailsAnalyzer(library),
        AnswersAnalyzer(library, encoder, faq_encoder),
        Resolution(lists["conversation"]),
    )
