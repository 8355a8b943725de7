"""Understanding a post. Each analyzer adds one aspect: language, intent, gates, mood, details, answers, resolution."""

from __future__ import annotations

from responders.library.model import Library
from responders.ports import Analyzer, LanguageDetector
from responders.understanding.answers import AnswersAnalyzer, WordForWord
from responders.understanding.details import DetailsAnalyzer
from responders.understanding.facts import Resolution
from responders.understanding.gates import Gates, Parts
from responders.understanding.intent import IntentAnalyzer
from responders.understanding.language import LanguageAnalyzer
from responders.understanding.normalise import compile_phrases, reading
from responders.understanding.sentiment import SentimentAnalyzer
from responders.understanding.trained import Model, Reads

__all__ = ["build_analyzers", "compile_phrases", "reading"]


def build_analyzers(
    library: Library, reads: Reads | None = None, languages: LanguageDetector | None = None
) -> tuple[tuple[str, Analyzer], ...]:
    """The analyzers in their order, each with the words that tell a person what it reads.

    `reads` reads posts, a `Model` or `ByWords`; without it only phrase lists are used. Without `languages` a post
    counts as written in its channel's language.
    """
    lists = library.word_lists
    ours = frozenset(template.locale for template in library.templates)
    model = reads if isinstance(reads, Model) else None
    by_reading: list[tuple[str, Analyzer]] = []
    if reads:
        by_reading = [("what it is about", IntentAnalyzer(library, reads)), ("its sentences one by one", Parts(reads))]
    return (
        ("its language", LanguageAnalyzer(languages, ours, lists.get("languages"))),
        *by_reading,
        ("danger", Gates(lists["gates"], reads.thresholds if reads else None)),
        ("its mood", SentimentAnalyzer(lists["sentiment"], by_mood=model is not None)),
        ("its details", DetailsAnalyzer(library)),
        ("the answers that are near", AnswersAnalyzer(library, model)),
        ("the posts that operators wrote down", WordForWord(library)),
        ("whether it is settled", Resolution(lists["conversation"])),
    )
