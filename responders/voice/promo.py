"""No advertising."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, fault, ours, passed


class NoPromoWord:
    """Blocks words of advertising. The fan's own words, said back, do not count."""

    id = "no-promo-word"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take promo.yaml."""
        self._words = WordList(lists["words"])
        self._orders = WordList(lists["orders"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block advertising."""
        text = ours(wording, post)
        if found := self._words.find(text) or self._orders.opening(text):
            return fault(self.id, f"Sounds like advertising (“{found}”).")
        return passed(self.id)
