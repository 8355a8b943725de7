"""What the checks share: phrase lists, and whose each word of a text is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from responders.selection.choose import SAME_ANSWER
from responders.types import CheckResult, Level, Post, Wording
from responders.understanding.normalise import compile_phrases, reading

GRAVE = frozenset({"complaint", "churn"})
"""Intents of people who were let down. The intent decides, not the tone: fans of horror say "kill" and "damn"."""

_CONTRACTED = re.compile(r"(?<=\w)['\u2019](?:(ll)|re)\b", re.IGNORECASE)
_MARKDOWN = re.compile(r"(?<!\w)[*_~|`]+|[*_~|`]+(?!\w)")
_CLAUSE = re.compile(r"[.!?;:,\u2013\u2014]+\s*|\b(?:and|then|so|please|just|now|und|dann|bitte|jetzt|doch)\s+")
_START = re.compile(r"(?<!\w)(?:\w+|[^\w\s])")
_FIRST = re.compile(r"\w+\*?|[^\w\s]")


class Read(NamedTuple):
    """A text in the form in which phrases are looked for."""

    plain: str
    starts: tuple[tuple[int, str], ...]
    """Where a phrase can begin: the position, and the word or sign that stands there."""
    words: frozenset[str]


class WordList:
    """One section of a word list: `phrases` by language, and `unless` phrases that are struck out first."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        """`responders.understanding.normalise.compile_phrases` says how phrases are written."""
        # Most texts have no word that begins a phrase of the list. Then no pattern is tried.
        by_letter: dict[str, list[str]] = {}
        first: set[str] = set()
        for phrase in (phrase for phrases in section["phrases"].values() for phrase in phrases):
            begins = _first_words(phrase)
            first |= begins
            for letter in {word[0] for word in begins}:
                by_letter.setdefault(letter, []).append(phrase)
        self._by_letter = {letter: tuple(phrases) for letter, phrases in by_letter.items()}
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._first = frozenset(word for word in first if not word.endswith("*"))
        self._stems = tuple(word[:-1] for word in first if word.endswith("*"))
        self._unless: tuple[str, ...] = tuple(section.get("unless", ()))

    def find(self, text: str) -> str | None:
        """The first phrase found, as it is read; None if there is none."""
        return next(iter(self.all(text)), None)

    def all(self, text: str) -> list[str]:
        """Every phrase found, as it is read, from left to right."""
        read = read_words(text)
        found = self._all(read)
        if not found or not self._unless:
            return found
        struck = compile_phrases(self._unless).sub(" ; ", read.plain)
        return found if struck == read.plain else self._all(_read(struck))

    def opening(self, text: str) -> str | None:
        """The first phrase that begins a clause, as an order does; None if there is none."""
        if not self.all(text):
            return None
        clauses = (_read(clause.strip()) for clause in _CLAUSE.split(read_words(text).plain))
        found = (self._at(clause, *start) for clause in clauses for start in clause.starts[:1])
        return next((phrase for phrase in found if phrase), None)

    def begins(self, text: str) -> bool:
        """True when the text begins with a phrase."""
        read = read_words(text)
        start = next(((at, word) for at, word in read.starts if word.isalnum()), None)
        return start is not None and self._at(read, *start) is not None

    def _all(self, read: Read) -> list[str]:
        if self._first.isdisjoint(read.words) and not self._stems:
            return []
        found, end = [], 0
        for position, word in read.starts:
            known = word in self._first or (self._stems and word.startswith(self._stems))
            if known and position >= end and (phrase := self._at(read, position, word)):
                end = position + len(phrase)
                found.append(phrase.strip())
        return found

    def _at(self, read: Read, position: int, word: str) -> str | None:
        match = self._pattern(word[0]).match(read.plain, position) if word[:1] in self._by_letter else None
        return match.group() if match else None

    def _pattern(self, letter: str) -> re.Pattern[str]:
        """Compile a pattern when it is first needed: all together would take half a second of every start."""
        if letter not in self._patterns:
            self._patterns[letter] = compile_phrases(self._by_letter[letter])
        return self._patterns[letter]


def fixed_words(wording: Wording) -> str:
    """The text without what was filled in: slot values and what the manager typed."""
    return _without(wording.text, wording.quoted)


def ours(wording: Wording, post: Post) -> str:
    """The words that we answer for. Of a template: its fixed words, since the operator answers for the facts. Of a
    manager: all but the fan's own."""
    if not wording.own_words:
        return fixed_words(wording)
    theirs = post.text.casefold()
    return _without(wording.text, tuple(part for part in wording.quoted if part.casefold() in theirs))


def may_repeat(wording: Wording) -> bool:
    """True for an answer that must say the same again because it is true."""
    return wording.answer or wording.intent in SAME_ANSWER


@cache
def passed(check_id: str) -> CheckResult:
    """Nothing to say."""
    return CheckResult(id=check_id, level=Level.PASS)


def fault(check_id: str, note: str) -> CheckResult:
    """The text is not offered. If a manager wrote it, `examine` makes a remark or a stop of it. `note`: one
    sentence."""
    return CheckResult(id=check_id, level=Level.BLOCK, note=note)


@lru_cache(maxsize=64)  # each check asks for the same text
def _without(text: str, parts: tuple[str, ...]) -> str:
    for part in sorted(parts, key=len, reverse=True):
        if part.strip():
            # Whole words only: a detail "a" must not take letters out of other words.
            text = re.sub(rf"(?<!\w){re.escape(part.strip())}(?!\w)", " ; ", text, flags=re.IGNORECASE)
    return text


@lru_cache(maxsize=64)  # as `_without`
def read_words(text: str) -> Read:
    """Read a text for phrases."""
    # Markdown must not hide a phrase, "we'll" must not become "well", nor "we're" "were".
    return _read(reading(_CONTRACTED.sub(lambda m: " will" if m[1] else " are", _MARKDOWN.sub("", text))))


def _read(plain: str) -> Read:
    starts = tuple((match.start(), match.group()) for match in _START.finditer(plain))
    return Read(plain, starts, frozenset(word for _, word in starts))


@lru_cache(maxsize=4096)
def _first_words(phrase: str) -> frozenset[str]:
    """The words that can begin a match of the phrase, as `_START` cuts them; `word*` is any word with that stem."""
    text = reading(phrase).lstrip("* ")
    group, rest = _group(text) if text.startswith("(") else (text, "")
    words = {match.group() for part in group.split("|") if (match := _FIRST.match(part.lstrip("(* ")))}
    # In "(fog|mist)y" the group holds only the stems.
    return frozenset(words if rest[:1] in {"", " "} else {f"{word.rstrip('*')}*" for word in words})


def _group(text: str) -> tuple[str, str]:
    """The group that the text begins with, without its brackets, and what follows it."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return text[1:at], text[at + 1 :]
    return text, ""
