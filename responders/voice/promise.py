"""H1: no promise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.words import WordList, fixed_words, our_words, passed

_CLOCK = re.compile(r"\b(?:\d{1,2}(?::\d\d)? ?(?:am|pm|uhr)|\d{1,2}:\d\d|20[2-9]\d)\b", re.IGNORECASE)
"""Hours and years: times that no list of words can hold."""
_SENTENCE = re.compile(r"(?<=[.!?\n])\s+")


class NoPromise:
    """Blocks a promise with a time, whoever makes it, and any other promise in a template's fixed words."""

    id = "no-promise"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take promise.yaml."""
        self._future = WordList(lists["future"])
        self._time = WordList(lists["time"])
        self._vague = WordList(lists["vague"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block; a promise without a time in a manager's own words is theirs to make and only worth a look."""
        ours = our_words(wording, post)
        for sentence in _SENTENCE.split(ours) if self._future.find(ours) else ():
            clock = _CLOCK.search(sentence)
            time = self._time.find(sentence) or (clock and clock.group())
            if time and self._future.find(sentence):
                return CheckResult(id=self.id, level=Level.BLOCK, note=f'Promises a time ("{time}").')
        if found := self._vague.find(fixed_words(wording)):
            level = Level.WARN if wording.own_words else Level.BLOCK
            return CheckResult(id=self.id, level=level, note=f'Sounds like a promise ("{found}").')
        return passed(self.id)
