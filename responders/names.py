"""What to call somebody by: the first word of the name a platform shows, if it is a name to be said aloud."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from responders.understanding.tokens import is_emoji, visible

_SHORTEST, _LONGEST = 2, 24
_LOUD = 4
"""Letters; a longer word in capitals only is shouted, or a tag."""
_MOST, _PARTS = 4, 2
"""Words shown, and parts of the first: Anne-Marie."""
_VOWEL = re.compile("[aeiouy]")
_THRICE = re.compile(r"(.)\1\1")
_COMMON = ("ness", "less", "ful", "ing")
"""Endings of words, seldom of names."""
_SHORT = 5
_NAMES_ALL_THE_SAME = frozenset(("sterling", "fleming", "irving"))
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "đ": "d", "ð": "d", "þ": "th"})


class CallNames:
    """Says what somebody may be called, or None: rather no name than a title, a phrase cut short, or a swear word."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take call_names.yaml."""
        self._particles = frozenset(lists["particles"])
        self._no_names = _plain_all(word for name, words in lists.items() if name != "rude_parts" for word in words)
        self._parts = tuple(sorted(_plain_all(lists["rude_parts"])))

    def of(self, shown: str) -> str | None:
        """The word to call somebody by, as it is written there; None when there is none that is safe to say."""
        words = unicodedata.normalize("NFC", visible(shown)).split()
        while words and all(map(is_emoji, words[-1])):
            words.pop()  # "Mara 🌸" is Mara
        if not words or len(words) > _MOST or not self._is_name(words[0]):
            return None
        return words[0] if all(self._goes_on(word, words[0]) for word in words[1:]) else None

    def _is_name(self, word: str) -> bool:
        parts = word.split("-")
        return (
            _SHORTEST <= len(word) <= _LONGEST
            and len(parts) <= _PARTS
            and all(len(part) >= _SHORTEST and self._is_word_of_a_name(part) for part in parts)
            and not self._rude(word)
            and (len(parts) == 1 or all(part[0].isupper() for part in parts))
        )

    def _is_word_of_a_name(self, word: str) -> bool:
        """Latin letters (the lists know no others), spoken, and none of the words that are no name."""
        plain = _plain(word)
        return (
            word.isalpha()
            and plain.isascii()
            and bool(_VOWEL.search(plain))
            and not _THRICE.search(plain)
            and (word[1:].islower() or (word.isupper() and len(word) <= _LOUD) or _like_mcgee(word))
            and plain not in self._no_names
            and (not plain.endswith(_COMMON) or len(plain) <= _SHORT or plain in _NAMES_ALL_THE_SAME)
        )

    def _goes_on(self, word: str, first: str) -> bool:
        """The word may stand behind a first name: a surname, an initial, a particle; nothing that makes it a phrase."""
        plain = _plain(word.rstrip(".,"))
        if word in self._particles or not word[0].isalpha():
            return word[0] not in "&+"
        capital = word[0].isupper() and first[0].isupper()
        return capital and plain not in self._no_names and not self._rude(word)

    def _rude(self, word: str) -> bool:
        plain = _plain(word)
        return any(part in plain for part in self._parts)


def _like_mcgee(word: str) -> bool:
    """Capitals inside only as in McGee and MacLeod."""
    return any(word.startswith(start) and word[len(start) :].istitle() for start in ("Mc", "Mac"))


def _plain(word: str) -> str:
    """Without case and accents."""
    split = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in split if unicodedata.category(c) != "Mn").translate(_LETTERS)


def _plain_all(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_plain, words))
