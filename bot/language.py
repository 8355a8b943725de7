"""Detects the language of a text with py3langid."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel.core import Locale, UnknownLocaleError

COMMON = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
"""The languages that are told apart, whatever the community speaks."""


def language_name(code: str) -> str:
    """The English name of a language: "German" for de."""
    try:
        return Locale.parse(code).get_language_name("en") or code
    except (UnknownLocaleError, ValueError):
        return f"another language ({code})"


class Langid:
    """A `LanguageDetector`."""

    def __init__(self) -> None:
        """The first one in a process loads the tables."""
        self._model = _model()
        self.known = frozenset(map(str, self._model.nb_classes))

    def detect(self, text: str) -> tuple[str, float]:
        """The most probable language (two letters) and its probability."""
        language, probability = self._model.classify(text)
        return str(language), float(probability)


@cache
def _model() -> Any:
    """Takes 50 MiB, and a third of a second to load."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]  # noqa: PLC0415 - only who uses it pays for it

    full: Any = LanguageIdentifier.from_model_file(MODEL_FILE)
    full.set_languages({*COMMON} & set(full.labels))
    # A second one, because the first holds on to the 27 MiB of the other languages.
    weights = (full.nb_ptc, full.nb_pc, full.nb_classes)
    return LanguageIdentifier(*weights, full.tk_nextmove, full.tk_output, norm_probs=True, tk_row=full.tk_row)
