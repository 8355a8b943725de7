"""A post word by word, with what stands between the words. For parts that say words back and must not cut any."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

_CHUNK = re.compile("[^\\s\u2014\u2026]+")
_HIDDEN = re.compile(r"[@<>\\`{}\[\]|*_~#\0]|://|(?i:\bwww\.)|[^\W\d_]\.[^\W\d_]{2}|\b[ur]/\w")
"""In a link, an address, a handle or markup. No word of these is ever said back."""
_CODE = re.compile(r"(?<!`)`+[^`]*`+|^>.*$", re.MULTILINE)
"""Code, and lines that quote somebody else."""
_KEPT = frozenset("\n\t ")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Invisible, though their category does not say so. Variation selectors of emoji come on top."""


class Token(NamedTuple):
    """A word or number from its first letter or digit to its last, and what stands before and after it."""

    text: str
    low: str
    start: int
    end: int
    before: str
    after: str

    @property
    def plain(self) -> bool:
        """True for a word of letters, perhaps with hyphens or digits. Only such words may be said back."""
        return self.text.replace("-", "").isalnum() and not self.text.replace("-", "").isnumeric()


def visible(text: str) -> str:
    """The text as a person sees it: without characters that have no width, turn the writing round or join emoji."""
    return "".join(c for c in text if _seen(c))


def _seen(c: str) -> bool:
    if c in _KEPT or (c.isascii() and c.isprintable()):
        return True
    selector = "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef"
    return not selector and c not in _BLANK and unicodedata.category(c) not in {"Cc", "Cf", "Cn", "Co", "Cs"}


def is_emoji(c: str) -> bool:
    """True for a pictograph, a skin tone and the box around a key, alone or as part of an emoji."""
    return (unicodedata.category(c) in {"So", "Me"} and c not in "°©®™") or "\U0001f3fb" <= c <= "\U0001f3ff"


def struck(text: str) -> str:
    """The visible text with what its author only quotes or pastes struck out. Each character keeps its place."""
    return _CODE.sub(lambda m: "\0" * len(m.group()), text)


def tokens(text: str) -> list[Token]:
    """All words and numbers, in order. What must not be said back (a link, a handle, code) is one token that is not
    plain."""
    spans = [_core(text, m.start(), m.end()) for m in _CHUNK.finditer(text)]
    spans = [(start, end) for start, end in spans if start < end]
    edges = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    gaps = [text[a:b] for a, b in zip(*edges, strict=True)]
    return [
        Token(text[a:b], text[a:b].casefold().replace("\u2019", "'"), a, b, gaps[i], gaps[i + 1])
        for i, (a, b) in enumerate(spans)
    ]


def _core(text: str, start: int, end: int) -> tuple[int, int]:
    """From the first letter or digit of a chunk to the last; the whole chunk where it is hidden."""
    if _HIDDEN.search(text, start, end):
        return start, end
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not (text[end - 1].isalnum() or unicodedata.category(text[end - 1]) in {"Mn", "Mc"}):
        end -= 1
    return start, end


def words_of(lists: Mapping[str, Any], name: str) -> frozenset[str]:
    """One list, in the form of `Token.low`."""
    return frozenset(word.casefold() for word in lists[name])
