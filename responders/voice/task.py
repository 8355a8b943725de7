"""No task for the fan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, fault, ours, passed


class NoTask:
    """Blocks orders and requests to share, tag, follow, vote, review or invite: fans are not our helpers."""

    id = "no-task"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take task.yaml."""
        self._orders = WordList(lists["orders"])
        self._asks = WordList(lists["asks"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block a task."""
        text = ours(wording, post)
        if found := self._orders.opening(text) or self._asks.find(text):
            return fault(self.id, f"Asks the fan to do something for us (“{found}”).")
        return passed(self.id)
