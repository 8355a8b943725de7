"""What the checks share: phrase lists, and which words of a text are whose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from responders.selection.choose import SAME_ANSWER
from responders.types import CheckResult, Level, Post, Wording
from responders.understanding.normalise import compile_phrases, reading

GRAVE = frozenset({"complaint", "churn"})
"""Intents that are answered without "!", emoji or jokes (design section 6: by intent, never by polarity)."""

_CONTRACTED = re.compile(r"(?<=\w)['\u2019](?:(ll)|re)\b", re.IGNORECASE)
_MARKDOWN = re.compile(r"(?<!\w)[*_~|`]+|[*_~|`]+(?!\w)")
_CLAUSE = re.compile(r"[.!?;:,\u2013\u2014]+\s*|\b(?:and|then|so|please|just|now|und|dann|bitte|jetzt|doch)\s+")
_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|en|s|e|n)$")
_SHORTEST = 3


class WordList:
    """One section of a list: `phrases` by language, and `unless` phrases that are struck out first."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        """The way phrases are written is told in `responders.understanding.normalise.compile_phrases`."""
        # By the letter they begin with: most texts have no word with which a list's phrases could begin.
        by_letter: dict[str, list[str]] = {}
        for phrase in (phrase for phrases in section["phrases"].values() for phrase in phrases):
            for letter in _initials(phrase):
                by_letter.setdefault(letter, []).append(phrase)
        self._by_letter = {letter: compile_phrases(phrases) for letter, phrases in by_letter.items()}
        self._starts = re.compile(rf"(?<!\w)[{re.escape(''.join(by_letter))}]" if by_letter else r"(?!)")
        self._unless = compile_phrases(section.get("unless", ()))

    def find(self, text: str) -> str | None:
        """The first phrase found, as it is read; None if there is none."""
        return next(iter(self.all(text)), None)

    def all(self, text: str) -> list[str]:
        """Every phrase found, as it is read, from left to right."""
        plain = _plain(text)
        if not any(self._found(plain)):
            return []
        return list(self._found(self._unless.sub(" ; ", plain)))

    def opening(self, text: str) -> str | None:
        """The first phrase that a clause begins with, as an order does; None if there is none."""
        clauses = (clause.strip() for clause in _CLAUSE.split(self._unless.sub(" ; ", _plain(text))))
        found = (self._at(clause, 0) for clause in clauses if clause)
        return next((match.group() for match in found if match), None)

    def begins(self, text: str) -> bool:
        """True when the text begins with a phrase."""
        plain = _plain(text).lstrip("\"'\u201c\u201e\u00ab(\u2026. ")
        return bool(plain) and self._at(plain, 0) is not None

    def _found(self, plain: str) -> Iterator[str]:
        end = 0
        for start in self._starts.finditer(plain):
            match = self._at(plain, start.start()) if start.start() >= end else None
            if match:
                end = match.end()
                yield match.group().strip()

    def _at(self, plain: str, position: int) -> re.Match[str] | None:
        pattern = self._by_letter.get(plain[position])
        return pattern.match(plain, position) if pattern else None


class ContentWords:
    """The words of a text that carry its topic."""

    def __init__(self, stop_words: Mapping[str, Any]) -> None:
        """Take the section `words` of stop_words.yaml."""
        self._stop = frozenset(word for words in stop_words["phrases"].values() for word in words)

    def of(self, text: str) -> frozenset[str]:
        """Words of three letters or more that are no stop words, without their endings."""
        words = _WORD.findall(_plain(text))
        return frozenset(_ENDING.sub("", w) for w in words if len(w) >= _SHORTEST and w not in self._stop)

    def echo(self, text: str, wording: Wording, post: Post) -> bool:
        """True when `text`, a part of the wording, takes up a word of the post."""
        theirs = post.text.casefold()
        said = any(part.casefold() in theirs and part in text for part in wording.quoted if len(part) >= _SHORTEST)
        return said or not self.of(text).isdisjoint(self.of(post.text))


def fixed_words(wording: Wording) -> str:
    """The text without what was laid into it: slot values and what the approver typed."""
    return _without(wording.text, wording.quoted)


def our_words(wording: Wording, post: Post) -> str:
    """The text without the words that are the fan's own."""
    theirs = post.text.casefold()
    return _without(wording.text, tuple(part for part in wording.quoted if part.casefold() in theirs))


def may_repeat(wording: Wording) -> bool:
    """True for an answer that has to say the same again, because it is true (design section 6)."""
    return wording.answer or wording.intent in SAME_ANSWER


def passed(check_id: str) -> CheckResult:
    """Nothing to say."""
    return CheckResult(id=check_id, level=Level.PASS)


def warned(check_id: str, note: str) -> CheckResult:
    """Worth a look."""
    return CheckResult(id=check_id, level=Level.WARN, note=note)


def blocked(check_id: str, note: str) -> CheckResult:
    """Not to be offered."""
    return CheckResult(id=check_id, level=Level.BLOCK, note=note)


@lru_cache(maxsize=64)  # each check asks anew
def _without(text: str, parts: tuple[str, ...]) -> str:
    for part in sorted(parts, key=len, reverse=True):
        if part.strip():
            # Whole words only, so that a detail "a" takes no letters out of other words.
            text = re.sub(rf"(?<!\w){re.escape(part.strip())}(?!\w)", " ; ", text, flags=re.IGNORECASE)
    return text


@lru_cache(maxsize=64)  # as `_without`
def _plain(text: str) -> str:
    """The text as phrases are looked for in it."""
    # Markdown inside a phrase hides nothing; "we'll" must not be read as "well", nor "we're" as "were".
    return reading(_CONTRACTED.sub(lambda m: " will" if m[1] else " are", _MARKDOWN.sub("", text)))


def _initials(phrase: str) -> Iterable[str]:
    """The letters with which a match of the phrase can begin."""
    initials, depth, beginning = set(), 0, True
    for letter in phrase.casefold():
        depth += (letter == "(") - (letter == ")")
        if letter in "(|":
            beginning = True
        elif beginning and letter not in "* )'\u2019":
            initials.add(letter)
            beginning = False
        if initials and not depth:
            break
    return initials
