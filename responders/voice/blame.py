"""S2: no blame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, blocked, fixed_words, passed

_SORRY_BUT = re.compile(
    r"\b(?:sorry|apolog\w+|tut(?: \w+){1,2} leid|entschuldig\w+)\b[^.!?;]*?[\s,](?:but|however|aber|allerdings)\b",
    re.IGNORECASE,
)


class NoBlame:
    """Blocks words that lay the fault on the fan, and a "but" after "sorry"."""

    id = "no-blame"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take blame.yaml."""
        self._words = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block."""
        text = fixed_words(wording)
        taken_back = _SORRY_BUT.search(text)
        if found := self._words.find(text) or (taken_back and taken_back.group()):
            return blocked(self.id, f'Sounds like blame ("{found}").')
        return passed(self.id)
