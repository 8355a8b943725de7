"""What packages know of languages: which one a text is in (py3langid), and how glad an English one sounds (VADER)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

COMMON = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
"""Languages told apart whatever the community speaks: those that the sentence encoder reads."""


class Langid:
    """A `LanguageDetector`. Its tables take 50 MiB, and a third of a second to load."""

    def __init__(self, also: Iterable[str] = ()) -> None:
        """`also`: languages to tell apart besides the common ones, where they are known."""
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]  # noqa: PLC0415 - only those pay who read with it

        all_of_them: Any = LanguageIdentifier.from_model_file(MODEL_FILE)
        all_of_them.set_languages({*COMMON, *also} & set(all_of_them.labels))
        few = (all_of_them.nb_ptc, all_of_them.nb_pc, all_of_them.nb_classes)
        letters = (all_of_them.tk_nextmove, all_of_them.tk_output)
        # A new one, because the first keeps the 27 MiB of the languages that are not told apart.
        self._model: Any = LanguageIdentifier(*few, *letters, norm_probs=True, tk_row=all_of_them.tk_row)

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
