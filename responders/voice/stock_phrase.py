"""R6: no stock phrase."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, blocked, fixed_words, passed, warned

_VERB = r"(?:\b(?:is|are|was|were|with|of|so|ist|sind|war|mit|von)|[\u2014:])"
_SHAPES = (
    ("a long dash", re.compile(r"\u2014|\s--\s")),
    ("a list of three", re.compile(rf"\w, \w+, (?:and|und) \w|{_VERB} \w+, \w+ (?:and|und) \w")),
)
"""Habits of machine-made prose that are no words: rare in talk between people, common in text from a model."""
_TOO_MANY = 2


class NoStockPhrase:
    """Warns of one phrase that tools and service desks use, a long dash, or a list of three; blocks two of them."""

    id = "no-stock-phrase"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take stock_phrase.yaml."""
        self._words = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn at one, block at two."""
        text = fixed_words(wording)
        found = [f'"{phrase}"' for phrase in self._words.all(text)]
        found += [name for name, shape in _SHAPES if shape.search(text)]
        if not found:
            return passed(self.id)
        say = blocked if len(found) >= _TOO_MANY else warned
        return say(self.id, f"Sounds like a service desk ({', '.join(found)}).")
