"""Which language a post is in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from responders.ports import LanguageDetector
from responders.types import Context, Post, Understanding
from responders.understanding.gates import EVERYWHERE
from responders.understanding.normalise import HANDLE, LINK, encodable, reading

_WORDS = 4
"""A post of fewer words says too little by its letters ("lol same", "gg", a name)."""
_LETTERS = 8
"""The same in letters, for languages written without spaces."""
_OWN_LETTERS = 2
"""The same for languages with letters of their own."""
_UNKNOWN = "xx"
"""Some language in letters that the channel's language is not written in."""
_OWN_SCRIPT = frozenset(("ar", "bg", "el", "fa", "he", "hi", "ja", "ko", "ru", "th", "uk", "zh"))
_SURE = 0.8
_OUR_SURE, _ENOUGH = 0.5, 7
"""The probability from which a language of the community is believed; any other needs `_SURE`. For one that is not
the channel's, the post must also have `_ENOUGH` words."""


class LanguageAnalyzer:
    """Fills `language`."""

    def __init__(
        self,
        detector: LanguageDetector | None = None,
        ours: frozenset[str] = frozenset(),
        words: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """`ours`: the languages in which the community answers. `words`: languages.yaml. Without a detector a post
        counts as written in its channel's language."""
        self._detector = detector
        self._ours = ours
        self._words = {word: name for name, own in (words or {}).items() for word in own}

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Go by the words if there are enough to tell; else take the channel's language."""
        return replace(so_far, language=self._told(post.text, context) or context.locale)

    def _told(self, text: str, context: Context) -> str | None:
        said = encodable(HANDLE.sub(" ", LINK.sub(" ", text)))
        letters = sum(character.isalpha() for character in said)
        foreign = sum(character.isalpha() and character > "\u02af" for character in said)
        if self._detector is None:
            return None
        in_own_letters = foreign >= _OWN_LETTERS and 2 * foreign > letters and context.locale not in _OWN_SCRIPT
        if not in_own_letters and len(said.split()) < _WORDS and max(foreign, letters - 3 * _LETTERS) < _LETTERS:
            return self._by_words(said)
        language, probability = self._detector.detect(said)
        if in_own_letters:
            return language if language in _OWN_SCRIPT and probability >= _SURE else _UNKNOWN
        # In a few words the community's own languages are mistaken for each other too.
        ours = language == context.locale or (language in self._ours and len(said.split()) >= _ENOUGH)
        return language if probability >= (_OUR_SURE if ours else _SURE) else self._by_words(said)

    def _by_words(self, said: str) -> str | None:
        """The language with the most words in the text; None if English has as many, because it is used everywhere."""
        found = Counter(name for word in re.findall(r"\w+", reading(said)) if (name := self._words.get(word)))
        if not found:
            return None
        most = max(found, key=lambda name: found[name])
        return most if found[most] > found[EVERYWHERE] else None
