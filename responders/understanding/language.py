"""Which language a post is in."""

from __future__ import annotations

from dataclasses import replace

from responders.ports import LanguageDetector
from responders.types import Context, Post, Understanding
from responders.understanding.normalise import HANDLE, LINK, encodable

_WORDS = 4
"""Words below which a post says too little about its language ("lol same", "gg", a name)."""
_LETTERS = 8
"""The same for languages that are written without spaces, or in letters of their own."""
_SURE = 0.8
_OUR_SURE = 0.3
"""Probability from which a language of the community is believed, against any other's `_SURE`."""


class LanguageAnalyzer:
    """Fills `language`."""

    def __init__(self, detector: LanguageDetector | None = None, ours: frozenset[str] = frozenset()) -> None:
        """`ours`: the languages in which the community answers. Without a detector each channel speaks its own."""
        self._detector = detector
        self._ours = ours

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Take what the words tell, if they are enough to tell; else the language of the channel."""
        return replace(so_far, language=self._told(post.text, context) or context.locale)

    def _told(self, text: str, context: Context) -> str | None:
        said = encodable(HANDLE.sub(" ", LINK.sub(" ", text)))
        letters = sum(character.isalpha() for character in said)
        foreign = sum(character.isalpha() and character > "\u02af" for character in said)
        if self._detector is None or (len(said.split()) < _WORDS and max(foreign, letters - 3 * _LETTERS) < _LETTERS):
            return None
        language, probability = self._detector.detect(said)
        known = language in self._ours or language == context.locale
        return language if probability >= (_OUR_SURE if known else _SURE) else None
