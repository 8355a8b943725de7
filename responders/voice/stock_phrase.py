"""No stock phrases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, fault, ours, passed


class NoStockPhrase:
    """Blocks what service desks say and people do not. Plain courtesy is fine."""

    id = "no-stock-phrase"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take stock_phrase.yaml."""
        self._words = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block a stock phrase."""
        if found := self._words.find(ours(wording, post)):
            return fault(self.id, f"Sounds like a service desk (“{found}”).")
        return passed(self.id)
