"""N2: no promo word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.words import WordList, our_words, passed


class NoPromoWord:
    """Blocks words of advertising, whoever writes them; the fan's own words said back are no advertising."""

    id = "no-promo-word"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take promo.yaml."""
        self._words = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block."""
        if found := self._words.find(our_words(wording, post)):
            return CheckResult(id=self.id, level=Level.BLOCK, note=f'Sounds like advertising ("{found}").')
        return passed(self.id)
