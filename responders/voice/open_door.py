"""V2: an open door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import GRAVE, WordList, passed, warned

_WINDOW, _FEWEST = 20, 10
_MOST = 0.40
"""Of a channel's replies; people ask in 15 to 40 % of theirs."""


class OpenDoor:
    """Warns when a complaint is left without a question or a next step, and when every reply in a channel asks."""

    id = "open-door"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take next_step.yaml."""
        self._next_step = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn; the channel is judged over its last 20 replies, ten at least, and not for a manager's own words."""
        asks = "?" in wording.text
        if wording.intent in GRAVE:
            if asks or self._next_step.find(wording.text):
                return passed(self.id)
            return warned(self.id, "Closes the door: neither a question nor a next step.")
        recent = [reply.text for reply in context.past_replies if reply.same_channel and reply.text][: _WINDOW - 1]
        if not asks or wording.own_words or len(recent) < _FEWEST - 1:
            return passed(self.id)
        asked = 1 + sum("?" in text for text in recent)
        if asked <= _MOST * (len(recent) + 1):
            return passed(self.id)
        return warned(self.id, f"Asks, as {asked - 1} of the last {len(recent)} replies here did.")
