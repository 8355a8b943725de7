"""Is a post the question that an FAQ answer answers? Strict: no answer is better than the wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import fuzz

_SAME_WORD = 84.0
"""Ratio from which two words count as one (folder, folders); short words must be equal."""
_ASK_SHARE = 0.75
_POST_SHARE = 0.5
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]++)*")
_SENTENCE_END = re.compile(r"(?<![.!?\n])[.!?\n]+(?:\s+|$)")
# Words that carry no topic. Question words stay: "when" and "where" are different questions.
_EMPTY = """
a an and any anyone are as at be been but by can could did do does for from get got guys has have hello hey hi i if i'm
im in is it it's its just know me my of on or our please plz so that the their there there's these this to was we will
with would you your
aber als am auch auf bei bin bitte da das dein den der des die dir du ein eine einen einer er es für hab habe hallo hat
ich ihr im in ist ja jemand kann man mein meine mich mir mit nach noch oder schon sein sich sie sind so um und uns von
weiß wir wird zu zum zur
"""
_EMPTY_WORDS = frozenset(_EMPTY.split())
_CONTRACTED = re.compile(r"\b(where|what|who|how|when)(?:['\u2019]s|s)\b")


def likeness(post: str, asks: Iterable[str]) -> float:
    """How much the best sentence of the post is like the nearest phrasing, 0 to 1; 0 when it is another question."""
    sentences = [_content(sentence) for sentence in _SENTENCE_END.split(post)]
    questions = [_content(ask) for ask in asks]
    return max((_alike(sentence, question) for question in questions for sentence in sentences), default=0.0)


def _alike(post: list[str], ask: list[str]) -> float:
    if not ask or not post or len(ask) < _POST_SHARE * len(post):  # a long sentence is about more than the ask
        return 0.0
    shared = [word for word in ask if any(_same(word, other) for other in post)]
    if len(shared) < 2 and len(ask) > 1:  # noqa: PLR2004 - one word in common is a coincidence
        return 0.0
    of_ask, of_post = len(shared) / len(ask), min(len(shared) / len(post), 1.0)
    return (of_ask + of_post) / 2 if of_ask >= _ASK_SHARE and of_post >= _POST_SHARE else 0.0


def _same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) > 3 and fuzz.ratio(one, other) >= _SAME_WORD)  # noqa: PLR2004


def _content(text: str) -> list[str]:
    words = _WORD.findall(_CONTRACTED.sub(r"\1", text.casefold()))
    return list(dict.fromkeys(word for word in words if word not in _EMPTY_WORDS))
