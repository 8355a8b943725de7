"""R5: plain words."""

from __future__ import annotations

import re
from functools import lru_cache

from pyphen import Pyphen  # type: ignore[import-untyped]  # it ships no types

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import fixed_words, passed, warned

_SENTENCE = re.compile(r"(?<![.!?\n])[.!?\n]+(?:\s+|$)")
_WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")
_LONGEST = 25
_HIGHEST_GRADE = 10
_ENOUGH = 10
"""Words; a grade of fewer says nothing: one long word makes a scholar."""
_GRADED = frozenset({"en"})
"""The grade is made for English."""


class Plain:
    """Warns of sentences over 25 words on average, and of a Flesch-Kincaid grade over 10 (English)."""

    id = "plain"

    def __init__(self) -> None:
        """Load the syllables."""
        self._breaks = lru_cache(maxsize=4096)(Pyphen(lang="en_US").positions)

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        text = fixed_words(wording)
        words = _WORD.findall(text)
        if len(words) < _ENOUGH:
            return passed(self.id)
        per_sentence = len(words) / sum(1 for s in _SENTENCE.split(text) if _WORD.search(s))
        if per_sentence > _LONGEST:
            return warned(self.id, f"Long sentences: {per_sentence:.0f} words.")
        if context.locale in _GRADED and (grade := self._grade(words, per_sentence)) > _HIGHEST_GRADE:
            return warned(self.id, f"Hard to read (grade {grade:.0f}); shorter words help.")
        return passed(self.id)

    def _grade(self, words: list[str], per_sentence: float) -> float:
        syllables = sum(len(self._breaks(word)) + 1 for word in words)
        return 0.39 * per_sentence + 11.8 * syllables / len(words) - 15.59
