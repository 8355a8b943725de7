"""Which language a text is in, as the package py3langid knows it."""

from __future__ import annotations

from functools import cache
from typing import Any

COMMON = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
"""Languages told apart whatever the community speaks."""


class Langid:
    """A `LanguageDetector`."""

    def __init__(self) -> None:
        """The tables are loaded for the first one of a process."""
        self._model = _model()
        self.known = frozenset(map(str, self._model.nb_classes))

    def detect(self, text: str) -> tuple[str, float]:
        """The most probable language, two letters, and its probability."""
        language, probability = self._model.classify(text)
        return str(language), float(probability)


@cache
def _model() -> Any:
    """50 MiB, and a third of a second to load."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]  # noqa: PLC0415 - only those pay who read with it

    all_of_them: Any = LanguageIdentifier.from_model_file(MODEL_FILE)
    all_of_them.set_languages({*COMMON} & set(all_of_them.labels))
    few = (all_of_them.nb_ptc, all_of_them.nb_pc, all_of_them.nb_classes)
    letters = (all_of_them.tk_nextmove, all_of_them.tk_output)
    # A new one, because the first keeps the 27 MiB of the languages that are not told apart.
    return LanguageIdentifier(*few, *letters, norm_probs=True, tk_row=all_of_them.tk_row)
