"""No blame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import GRAVE, WordList, fault, ours, passed

_SORRY_BUT = re.compile(
    r"\b(?:sorry|apolog\w+|tut(?: \w+){1,2} leid|entschuldig\w+|lo siento|désolée?|desculp\w+)\b[^.!?;]*?"
    r"[\s,](?:but|however|aber|allerdings|pero|mais|mas)\b",
    re.IGNORECASE,
)


class NoBlame:
    """Blocks words that put the fault on the fan and, where somebody complains, a "but" after "sorry"."""

    id = "no-blame"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take blame.yaml."""
        self._words = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block blame."""
        text = ours(wording, post)
        taken_back = _SORRY_BUT.search(text) if wording.intent in GRAVE else None
        if found := self._words.find(text) or (taken_back and taken_back.group()):
            return fault(self.id, f"Could be read as blame (“{found}”).")
        return passed(self.id)
