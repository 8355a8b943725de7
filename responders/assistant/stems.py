"""Words of a reply and of what was given, in the form in which they are compared: without case, accents and endings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from responders.understanding.normalise import reading

_SENTENCE = re.compile(r"(?<=[.!?\u2026])[\"\u201d\u00bb')]*\s+|\n+")
_PART = re.compile(r"[,;:()\u2013\u2014\u00bf\u00a1\u201c\u201d\"\u00ab\u00bb\u201e](?=\D|$)|\s-+\s")
_TOKEN = re.compile(
    r"\d+(?:[.,:]\d++)*|[^\W\d_]+(?:['\u2019][^\W\d_]++)*"
    r"|[%$\u20ac\u00a3\u00a5+=&\U0001f100-\U0001f1e5\U0001f200-\U0001f2ff]"
)
"""A number, a word, or a sign that says something: a currency, or letters in a box."""
_WORD = re.compile(r"\w+")
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['\u2019](?=\w)", re.IGNORECASE)
_CONTRACTED = re.compile(r"['\u2019](?:s|re|ll|ve|m|d)$", re.IGNORECASE)
_NOT = re.compile(r"n['\u2019]t$", re.IGNORECASE)
_CUT = {"ca": "can", "wo": "will", "sha": "shall"}
"""What is left of "can't", "won't" and "shan't", and the word that it is."""
_SHORTEST = 3
_ENDINGS = {
    language: tuple(endings.split())
    for language, endings in {
        "en": "ingly edly ings ing ies ied ed es ly er est s y e",
        "de": "ern est em en er es et st te e n s t",
        "es": "iendo ando aron ieron aste iste amos emos imos aban aba adas ados idas idos ada ado ida ido ar er ir as "
        "es os an en a e o s",
        "fr": "ements ement aient ees ait ais ant ent ons ez er ir es ee e s x t",
        "pt": "ando endo indo aram eram iram aste este amos emos imos avam ava adas ados idas idos ada ado ida ido ar "
        "er ir as es os am em ou eu iu a e o s m",
    }.items()
}
"""The longest first where one ends another."""
_DOUBLING = frozenset({"ing", "ings", "ed"})
_EXACT = (
    *("small", "acting", "turning", "limits", "not", "around"),
    *(
        "opening",
        "interrogative",
        "wanting",
        "wished",
        "hanging",
        "being",
        "linking",
        "others",
        "spoken",
        "third",
        "usual",
    ),
)
_BY_STEM = ("kind", "said", "asked")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number. `stem` is what is compared; of a number it is the digits."""

    text: str
    low: str
    stem: str
    is_small: bool
    is_number: bool
    is_not: bool


class Words:
    """The lists of one language, and its words."""

    def __init__(self, lists: Mapping[str, Any], language: str) -> None:
        """Take grounding.yaml."""
        self._language = language
        listed = {name: tuple(lists.get(name, {}).get(language, ())) for name in (*_EXACT, *_BY_STEM)}
        self.sets = {name: _all_folded(listed[name]) for name in _EXACT}
        self.sets |= {name: _all_kin(listed[name], language) for name in _BY_STEM}
        self._wanting = frozenset(word.casefold() for word in listed["wanting"])
        self._numbers = _all_numbers(tuple((number, *words) for number, words in lists.get("numbers", {}).items()))

    def has(self, name: str, token: Token) -> bool:
        """Whether a list has a word, in any form of it."""
        return token.low in self.sets[name] or (name in _BY_STEM and token.stem in self.sets[name])

    def wants(self, token: Token) -> bool:
        """Whether a word wants something. In German "wurde" tells what was, and "würde" does."""
        return token.low in self.sets["wanting"] and (self._language != "de" or token.text.casefold() in self._wanting)

    def tokens(self, text: str) -> list[Token]:
        """The words and numbers of a text, in order."""
        return [*self._tokens(unicodedata.normalize("NFKC", text))]

    def _tokens(self, text: str) -> Iterator[Token]:
        for match in _TOKEN.finditer(text):
            word = match.group()
            while self._language == "fr" and (elided := _ELIDED.match(word)):
                yield self._token(elided.group()[:-1])
                word = word[elided.end() :]
            if _NOT.search(word):
                yield self._token("not")
                word = _NOT.sub("", word)
                word = _CUT.get(word.casefold(), word)
            yield self._token(_CONTRACTED.sub("", word))

    def _token(self, word: str) -> Token:
        low = folded(word)
        digits = word[:1].isdigit()
        number = low.strip(".,:") if digits else self._numbers.get(low)
        denies = low in self.sets["not"]
        small = low in self.sets["small"] and not denies
        counts = number is not None and (digits or not small)
        return Token(word, low, number or stem(low, self._language), small, counts, denies)


def folded(word: str) -> str:
    """A word without case and accents."""
    split = unicodedata.normalize("NFD", word.casefold().replace("\u2019", "'").replace("ß", "ss"))
    return "".join(c for c in split if unicodedata.category(c) != "Mn")


def stem(low: str, language: str) -> str:
    """A folded word without its endings."""
    endings = _ENDINGS.get(language, ())
    for _ in range(2):
        ending = next((e for e in endings if low.endswith(e) and len(low) - len(e) >= _SHORTEST), "")
        low = low[: len(low) - len(ending)]
        if ending in _DOUBLING and len(low) > _SHORTEST and low[-1] == low[-2]:
            low = low[:-1]  # "stopped" is "stop"
    return low


@lru_cache(maxsize=8)
def _all_numbers(listed: tuple[tuple[str, ...], ...]) -> Mapping[str, str]:
    """Folded word -> its number."""
    return {folded(word): number for number, *words in listed for word in words}


@lru_cache(maxsize=256)  # the lists are the same for each reply
def _all_folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(folded, words))


@lru_cache(maxsize=256)  # as `_all_folded`
def _all_kin(words: tuple[str, ...], language: str) -> frozenset[str]:
    """The words, and their stems where these tell one word from another: "cute" and "cut" have the same."""
    lows = [folded(word) for word in words]
    return frozenset((*lows, *(stemmed for low in lows if len(stemmed := stem(low, language)) > _SHORTEST)))


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [found for found in _SENTENCE.split(text) if found.strip()]


def parts(sentence: str) -> list[str]:
    """What stands between the commas of a sentence. A comma inside a number is none."""
    return [part for part in _PART.split(sentence) if part.strip()]


def clauses(text: str) -> list[str]:
    """The sentences of a text, each followed by its parts."""
    return [said for sentence in sentences(text) for said in dict.fromkeys((sentence, *parts(sentence)))]


def shared_run(text: str, other: str, least: int) -> str:
    """The first run of `least` words of a text that stands in another text; "" where there is none."""
    said, known = _WORD.findall(reading(text)), _WORD.findall(reading(other))
    runs = (said[n : n + least] for n in range(len(said) - least + 1))
    return next((" ".join(run) for run in runs if stands_in(run, known)), "")


def stands_in(words: Sequence[str], others: Sequence[str]) -> bool:
    """True where two words or more stand among others, one right after the other."""
    return len(words) > 1 and f" {' '.join(words)} " in f" {' '.join(others)} "
