"""What authors say they made: "finished my first quilt", "habe einen Turm gebaut"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from responders.understanding.tokens import Token, words_of

_MOST = 3
"""The most words after "a" or "my"."""
_BEHIND = 6
"""The most words between a thing and the verb behind it."""
_LOOKED_BACK = 10
_AHEAD = 200
_SENTENCE = re.compile("[.!?;:\n\u2014\u2026]| - ")
_CLAUSE = re.compile(f"{_SENTENCE.pattern}|,")
_STOP = re.compile("[.,!?;:\n()\u2013\u2014\u2026-]")
_TERMINATOR = re.compile("[.!?\n]")
_LATER = ("ing", "ed", "ly", "ful", "ous", "less")
"""Endings of words that describe a thing, before it or after it."""
_GERMAN, _ENGLISH = "de", "en"
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Language:
    """How one language says it. The fields are keys of details.yaml."""

    name: str
    words: Mapping[str, frozenset[str]]

    def __getitem__(self, key: str) -> frozenset[str]:
        return self.words.get(key, _NONE)


class Made:
    """Finds such things by each language's word order: "a" or "my" and one to three words more. In doubt it finds
    nothing."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take the part `made` of details.yaml."""
        self._words = {name: words_of(lists, name) for name, part in lists.items() if not isinstance(part, Mapping)}
        self._verbs: dict[str, list[_Language]] = {}
        for name, part in lists.items():
            if isinstance(part, Mapping):
                language = _Language(name, {key: words_of(part, key) for key in part})
                verbs = (language[key] for key in ("strong", "weak", "have_strong", "have_weak"))
                for verb in frozenset().union(*verbs):
                    self._verbs.setdefault(verb, []).append(language)

    def find(self, text: str, tokens: Sequence[Token]) -> Iterator[str]:
        """The words of each thing, in order."""
        for i, token in enumerate(tokens):
            for language in self._verbs.get(token.low, ()):
                behind = language.name == _GERMAN
                found = self._before(tokens, i, language) if behind else self._after(text, tokens, i, language)
                if found and self._names_it(found[0].low, found[1:], token.low, language):
                    yield text[found[0].start : found[-1].end]

    def _after(self, text: str, tokens: Sequence[Token], verb: int, language: _Language) -> Sequence[Token] | None:
        """The thing behind the verb, if the author did it."""
        first = verb + 1
        if first < len(tokens) and tokens[first].low in language["to_whom"]:
            first += 1
        if any(token.after != " " for token in tokens[verb:first]):
            return None
        thing = self._thing(tokens, first, language)
        if not thing:
            return None
        left_out = self._left_out(tokens, verb, language)
        if left_out is None:
            return None
        end = _TERMINATOR.search(text, thing[-1].end, thing[-1].end + _AHEAD)
        asked = bool(end and end.group() == "?" and (left_out or end.start() == thing[-1].end))
        return None if asked else thing

    def _left_out(self, tokens: Sequence[Token], verb: int, language: _Language) -> bool | None:
        """True when the author means themselves without saying "I"; None when somebody else did it."""
        said = _sentence_before(tokens, verb)
        if any(token.low in language["hinders"] for token in said):
            return None
        after_have = tokens[verb].low in language["have_strong"] | language["have_weak"]
        author = language["have"] if after_have else language["author"]
        if not author:
            return False
        near = len(said)
        while near and said[near - 1].low in language["between"] and said[near - 1].after == " ":
            near -= 1
        if near and said[near - 1].low in author and said[near - 1].after == " ":
            return False
        begins = bool(language["begins"]) and len(said) < _LOOKED_BACK
        return True if begins and all(token.low in language["begins"] for token in said) else None

    def _before(self, tokens: Sequence[Token], verb: int, language: _Language) -> Sequence[Token] | None:
        """The thing before the verb at the end of a clause, if the author did it."""
        if not self._ends(tokens[verb], tokens[verb + 1] if verb + 1 < len(tokens) else None, language):
            return None
        said = _sentence_before(tokens, verb, _CLAUSE)
        lows, between = {token.low for token in said}, language["alone"] | language["several"]
        if lows & language["hinders"] or not lows & language["author"] or "?" in tokens[verb].after:
            return None
        for n in range(len(said) - 1, 0, -1):
            if said[n].after not in {" ", ""} or said[n].low in language["author"]:
                return None
            if said[n].low not in language["begin_it"] or said[n - 1].low in language["several"]:
                continue
            words = [said[n]]
            for token in said[n + 1 :]:
                if token.low in between | language["begin_it"] | self._words["strangers"] or not token.plain:
                    break
                words.append(token)
            rest = said[n + len(words) :]
            fits = 1 < len(words) <= _MOST + 1 and len(rest) <= _BEHIND
            return words if fits and (not rest or rest[0].low in between) else None
        return None

    def _thing(self, tokens: Sequence[Token], first: int, language: _Language) -> Sequence[Token] | None:
        """The words of a thing, from "a" or "my" to where it surely ends. Of "a map of all the loops" it is "a map",
        because "map" says enough; of "a slice of it" it is nothing."""
        if first >= len(tokens) or tokens[first].low not in language["begin_it"]:
            return None
        short: Sequence[Token] | None = None
        for last in range(first, first + _MOST + 1):
            token, then = tokens[last], tokens[last + 1] if last + 1 < len(tokens) else None
            joins = token.low in language["of"]
            if last > first and not joins and self._ends(token, then, language):
                return tokens[first : last + 1]
            if then is None or token.after != " " or not then.plain:
                return short
            if then.low in language["of"] and last > first and not (short or joins):
                head = self._head([word.low for word in tokens[first + 1 : last + 1]], language)
                short = tokens[first : last + 1] if head and head not in self._words["holding"] else None
                if language.name == _ENGLISH:
                    return short
            elif then.low in self._no_part(language):
                return short
        return short

    def _no_part(self, language: _Language) -> frozenset[str]:
        """The words that are never inside a thing."""
        own = language["begin_it"] | language["follow_it"] | language["of"]
        return own | self._words["verbs"] | self._words["strangers"]

    def _ends(self, token: Token, then: Token | None, language: _Language) -> bool:
        """True when a clause ends behind the token, or a word follows that is no part of a thing. An emoji alone
        ends nothing."""
        follows = then is not None and then.low in language["follow_it"] | self._words["verbs"]
        return then is None or bool(_STOP.search(token.after)) or follows

    def _names_it(self, begins: str, words: Sequence[Token], verb: str, language: _Language) -> bool:
        """True when the words name one thing that people make, and nobody."""
        lows = [word.low for word in words]
        if set(lows) & self._words["never"] or lows[-1] in self._words["unfinished"] or _somebody(words, language):
            return False
        if language.name == _ENGLISH and (self._is_later(lows[-1]) or any(map(self._is_later, lows[1:]))):
            return False
        depicted = verb in self._words["depicting"] and begins in self._words["own"]
        if verb in language["strong"] | language["have_strong"] and not depicted:
            return True
        head = self._head(lows, language)
        return head is not None and not (verb in language["finishing"] and head in self._words["not_finished"])

    def _head(self, lows: Sequence[str], language: _Language) -> str | None:
        """The word that says what was made, if it is known: the last one in English and German, the first elsewhere."""
        works = self._words["works"]
        if language.name == _GERMAN:
            return next((work for work in works if lows[-1].endswith(work)), None)
        if language.name == _ENGLISH:
            head = lows[-1].rpartition("-")[2]
            return head if head in works else None
        own = takewhile(lambda low: low not in language["of"], lows)
        return next((low for low in own if low in works), None)

    def _is_later(self, low: str) -> bool:
        """True for a word such as "shaped" or "sitting" behind a thing. Before a thing it may stand: "a working
        clock"."""
        return low.endswith(_LATER) and low not in self._words["things"]


def _sentence_before(tokens: Sequence[Token], place: int, edge: re.Pattern[str] = _SENTENCE) -> Sequence[Token]:
    """The words of the sentence before a place, at most `_LOOKED_BACK`. `edge`: what parts sentences."""
    first = place
    while first > max(0, place - _LOOKED_BACK) and not edge.search(tokens[first].before):
        first -= 1
    return tokens[first:place]


def _somebody(words: Sequence[Token], language: _Language) -> bool:
    """True for a capital where only a name has one. All German nouns have one, and so may the last word of a thing."""
    capital = [token.text[0].isupper() for token in words]
    if all(token.text.isupper() for token in words):
        return False
    if language.name == _GERMAN:
        return any(capital) and not capital[-1]
    return capital[-1] and (len(words) == 1 or not all(capital))
