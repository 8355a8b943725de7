"""What packages know of languages: which one a text is in (py3langid), and how glad an English one sounds (VADER)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

COMMON = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
"""Languages told apart whatever the community speaks: those that the sentence encoder reads."""


class Langid:
    """A `LanguageDetector`. Its tables take 75 MiB, and a third of a second to load."""

    def __init__(self, also: Iterable[str] = ()) -> None:
        """`also`: languages to tell apart besides the common ones, where they are known."""
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]  # noqa: PLC0415 - only those pay who read with it

        self._model: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._model.set_languages({*COMMON, *also} & set(self._model.labels))

    def detect(self, text: str) -> tuple[str, float]:
        """The most probable language, two letters, and its probability."""
        language, probability = self._model.classify(text)
        return str(language), float(probability)


class Vader:
    """A `Polarity`: words and signs that judge, in English."""

    def __init__(self) -> None:
        """Read the package's word list."""
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

        self._model: Any = SentimentIntensityAnalyzer()

    def polarity(self, text: str) -> tuple[float, float, float, float]:
        """Shares of negative, neutral and positive words, and the sum of all from -1 to 1."""
        scores = self._model.polarity_scores(text)
        return scores["neg"], scores["neu"], scores["pos"], scores["compound"]
