"""What to call somebody: the first word of the name that a platform shows, if it sounds like a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from responders.understanding.tokens import is_emoji, visible

_SHORTEST, _LONGEST = 2, 24
_LOUD = 4
"""Letters. A longer word in capitals is shouted, or a tag."""
_MOST, _PARTS = 4, 2
"""The most words that a shown name may have, and the most parts of its first word (Anne-Marie)."""
_LONGEST_WISH = 40
_IN_NAMES = " '\u2019-"
_VOWEL = re.compile("[aeiouy]")
_THRICE = re.compile(r"(.)\1\1")
_COMMON = ("ness", "less", "ful", "ing")
"""Common endings of words. Names rarely have them."""
_SHORT = 5
_NAMES_ALL_THE_SAME = frozenset(("sterling", "fleming", "irving"))
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "đ": "d", "ð": "d", "þ": "th"})


class CallNames:
    """Finds what somebody may be called. In doubt it says None: no name is better than a title, half a phrase or a
    swear word."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take call_names.yaml."""
        self._particles = frozenset(lists["particles"])
        self._no_names = _plain_all(word for name, words in lists.items() if name != "rude_parts" for word in words)
        self._nobody = _plain_all((*lists["stand_ins"], *lists["rude"]))
        self._parts = tuple(sorted(_plain_all(lists["rude_parts"])))

    def of(self, shown: str) -> str | None:
        """The word to call somebody by, spelled as it is shown; None when none is safe to say."""
        words = unicodedata.normalize("NFC", visible(shown)).split()
        while words and all(map(is_emoji, words[-1])):
            words.pop()  # "Mara 🌸" is Mara
        if not words or len(words) > _MOST or not self._is_name(words[0]):
            return None
        return words[0] if all(self._goes_on(word, words[0]) for word in words[1:]) else None

    def wished(self, wish: str) -> str | None:
        """A name that somebody wishes to be called by, cleaned; None when it is not safe to say. It may be invented,
        in any writing, and have several words."""
        name = " ".join(unicodedata.normalize("NFC", visible(wish)).split())
        words = {_plain(word.strip(_IN_NAMES)) for word in name.split()}
        if not name[:1].isalpha() or len(name) > _LONGEST_WISH or words & self._nobody:
            return None
        # A full stop inside a word may make an address of it.
        sayable = all(_in_a_name(c) or (c == "." and after == " ") for c, after in pairwise(f"{name} "))
        return name if sayable and not self._rude("".join(filter(str.isalnum, name))) else None

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
        """True for a word in Latin letters (the lists know no others) that can be spoken and is in no list."""
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
        """True when the word may follow a first name: a surname, an initial or a particle, and nothing that makes it
        a phrase."""
        plain = _plain(word.rstrip(".,"))
        if word in self._particles or not word[0].isalpha():
            return word[0] not in "&+"
        capital = word[0].isupper() and first[0].isupper()
        return capital and plain not in self._no_names and not self._rude(word)

    def _rude(self, word: str) -> bool:
        plain = _plain(word)
        return any(part in plain for part in self._parts)


def _in_a_name(c: str) -> bool:
    return c.isalnum() or c in _IN_NAMES or unicodedata.category(c).startswith("M")


def _like_mcgee(word: str) -> bool:
    """True for capitals inside a word as in McGee and MacLeod."""
    return any(word.startswith(start) and word[len(start) :].istitle() for start in ("Mc", "Mac"))


def _plain(word: str) -> str:
    """The word without case and accents."""
    split = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in split if unicodedata.category(c) != "Mn").translate(_LETTERS)


def _plain_all(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_plain, words))
