"""N3: no task for the fan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, blocked, fixed_words, passed


class NoTask:
    """Blocks orders and requests to share, tag, follow, vote, review, invite: fans are never turned into helpers."""

    id = "no-task"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take task.yaml."""
        self._orders = WordList(lists["orders"])
        self._asks = WordList(lists["asks"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block."""
        text = fixed_words(wording)
        if found := self._orders.opening(text) or self._asks.find(text):
            return blocked(self.id, f'Gives the fan a task ("{found}").')
        return passed(self.id)
