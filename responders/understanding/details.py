"""What exactly a post is about, in its own words. These words make a reply specific. In doubt, find nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from responders.library.model import Library
from responders.types import Context, Detail, Post, Understanding
from responders.understanding.made import Made
from responders.understanding.numbers import Numbers
from responders.understanding.tokens import Token, is_emoji, struck, tokens, visible, words_of

_WORDS, _CHARACTERS = 6, 60
"""The longest detail that still reads as the name of something."""
_READ = 8_000
_NUMBERS = 2
"""A post with more numbers is not about any of them."""
_QUOTED = re.compile(
    r"(?:(?<![^\s(\[])\"(?=\S)([^\"\n]{2,60})(?<=\S)\"|\u201c([^\u201c\u201d\n]{2,60})\u201d"
    r"|\u201e([^\u201c\u201d\u201e\n]{2,60})[\u201c\u201d]|\u00ab([^\u00ab\u00bb\n]{2,60})\u00bb"
    r"|\u00bb([^\u00ab\u00bb\n]{2,60})\u00ab)(?!\w)"
)
_SENTENCE = re.compile(r"[.!?\n]")
_NEAR = 120
"""How far from a quoted title, in characters, a word may say that it is one."""
_TITLED = frozenset({"link", "audio", "video"})
"""Attachments with a title of their own. Files and pictures only have names."""
_SHORTEST_TITLE = 3
_VERSION = re.compile(r"[vV]?([0-9]{1,4}(?:\.[0-9]{1,4}){1,2})(?:-?(?:alpha|beta|rc)\.?[0-9]{0,2})?")
_PARTS_OF_BARE = 3
_DATES = ((31, 12, None), (12, 31, None), (None, 12, 31))
"""The highest that day and month can be, in each usual order; None is the year."""
_YEAR_DIGITS = frozenset({2, 4})
_GOES_ON = ("%", "-", "/", "'", "\u2019", "$", "€", "+")
_FACT_WORDS = 3


class DetailsAnalyzer:
    """Fills `details`: things made, titles, names from the operators' facts, versions, and numbers with their unit."""

    def __init__(self, library: Library) -> None:
        """Take details.yaml and the operators' facts."""
        lists = library.word_lists["details"]
        self._made, self._numbers = Made(lists["made"]), Numbers(lists["numbers"])
        self._titles, self._versions = _Titles(lists["titles"]), _Versions(lists["versions"], lists["numbers"])
        self._names = _names(library, words_of(lists["titles"], "small"))

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add what is found, each text once."""
        found: dict[str, Detail] = {}
        for kind, text in self._all(post):
            if _sayable(text):
                found.setdefault(text.casefold(), Detail(kind=kind, text=text))
        return replace(so_far, details=tuple(found.values()))

    def _all(self, post: Post) -> Iterator[tuple[str, str]]:
        """Kind and words, the most telling first."""
        text = struck(_beginning(visible(post.text)))
        words = tokens(text)
        yield from (("work", made) for made in self._made.find(text, words))
        yield from (("title", title) for title in self._titles.find(text))
        yield from (("title", title) for a in post.attachments if (title := self._titles.given(a.kind, a.title)))
        yield from (("feature", m.group()) for name in self._names for m in name.finditer(text))
        yield from (("version", version) for version in self._versions.find(words))
        numbers = dict.fromkeys(self._numbers.find(text, words))
        yield from (("number", number) for number in numbers if len(numbers) <= _NUMBERS)


class _Titles:
    """Titles in quotation marks, and titles of attachments."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        self._small, self._works = words_of(lists, "small"), words_of(lists, "works")
        self._spoken, self._others = words_of(lists, "spoken"), words_of(lists, "others")

    def find(self, text: str) -> Iterator[str]:
        """Titles in quotation marks: written as titles are, or near a word for a work, and not what a person or a
        machine said."""
        for match in _QUOTED.finditer(text):
            title = next(group for group in match.groups() if group).strip().rstrip(".,")
            before = _SENTENCE.split(text[max(0, match.start() - _NEAR) : match.start()])[-1]
            behind = _SENTENCE.split(text[match.end() : match.end() + _NEAR])[0]
            if self._is_title(title) and self._of_a_work(tokens(before), tokens(behind)):
                yield title

    def given(self, kind: str, title: str | None) -> str | None:
        """The title that came with a link or a recording."""
        title = visible(title or "").strip()
        return title if kind in _TITLED and self._is_title(title) else None

    def _of_a_work(self, before: Sequence[Token], behind: Sequence[Token]) -> bool:
        if {token.low for token in before[-2:]} & self._spoken:
            return False
        nickname = before and behind and before[-1].text.istitle() and behind[0].text.istitle()
        return not nickname and any(token.low in self._works for token in (*before, *behind))

    def _is_title(self, text: str) -> bool:
        """True for capitals on the first word and on all but small words; not for shouting, nor for what people call
        themselves."""
        words = [word for word in (part.strip(",'\u2019!?&:-") for part in text.split()) if word]
        return (
            any(len(word) >= _SHORTEST_TITLE and word[0].isupper() for word in words)
            and words[0][0].isupper()
            and not text.isupper()
            and all(word[0].isupper() or word[0].isdigit() or word in self._small for word in words)
            and all(token.plain or token.text.isdigit() or "'" in token.low for token in tokens(text))
            and not {token.low for token in tokens(text)} & self._others
        )


class _Versions:
    """Versions: "2.3.1", "v1.2", "update 1.2"."""

    def __init__(self, lists: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
        self._after, self._loose, self._places = (words_of(lists, name) for name in ("after", "loose", "places"))
        self._units = words_of(numbers, "units") | words_of(numbers, "money")

    def find(self, words: Sequence[Token]) -> Iterator[str]:
        """The versions in a text. Dates, addresses of machines, amounts and parts of something longer are none."""
        for n, token in enumerate(words):
            match = _VERSION.fullmatch(token.text)
            amount = n + 1 < len(words) and token.after == " " and words[n + 1].low in self._units
            if match and not amount and not token.after.startswith(_GOES_ON) and not token.before.endswith(_GOES_ON):
                before = words[n - 1].low if n and token.before == " " else ""
                if self._is_version(token, match.group(1).split("."), before):
                    yield token.text

    def _is_version(self, token: Token, parts: Sequence[str], before: str) -> bool:
        if before in self._loose and parts[-1].startswith("0") and parts[-1] != "0":
            return False  # "update 12.05" is of May
        if token.low.startswith("v") or before in self._after - self._loose:
            return True
        if before in self._loose:
            return not _is_date(parts)
        return len(parts) == _PARTS_OF_BARE and not _is_date(parts) and before not in self._places


def _is_date(parts: Sequence[str]) -> bool:
    """True for three numbers that may be day, month and year."""
    return any(
        len(parts[order.index(None)]) in _YEAR_DIGITS
        and all(most is None or 0 < int(part) <= most for part, most in zip(parts, order, strict=True))
        for order in _DATES
        if len(parts) == len(order)
    )


def _names(library: Library, small: frozenset[str]) -> tuple[re.Pattern[str], ...]:
    """The operators' facts: by name ("text_size"), and by value where that is a name ("Lantern Harbor").

    A name of several words may be written small in a post. One word alone must have its capital, or any word could be
    it.
    """
    named = (fact.name.split("_") for fact in library.facts.values())
    valued = (value.split() for fact in library.facts.values() for value in fact.values if value.istitle())
    names = {" ".join(words) for words in named if len(words) > 1 and not set(words) & small}
    names |= {" ".join(words) for words in valued if len(words) <= _FACT_WORDS and "".join(words).isalpha()}
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return tuple(
        re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE if " " in name else re.NOFLAG)
        for name in ordered
    )


def _beginning(text: str) -> str:
    """As much of the text as is read. No sentence ends at the cut."""
    return text if len(text) <= _READ else f"{text[:_READ]}\0"


def _sayable(text: str) -> bool:
    return (
        0 < len(text.split()) <= _WORDS
        and len(text) <= _CHARACTERS
        and not set(text) & set("\0@<>{}[]`*_~|#\\\n")
        and not any(map(is_emoji, text))
    )
