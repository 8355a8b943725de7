"""H3: no borrowed life."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.words import WordList, fixed_words, passed


class NoBorrowedLife:
    """Blocks a claim to be or not to be human, and fixed words that claim to have felt, seen or done something.

    Slot values and typed words may carry feelings, never the claim. The true answer to "are you a bot?" is exempt.
    """

    id = "no-borrowed-life"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take borrowed_life.yaml."""
        self._identity = WordList(lists["identity"])
        self._life = WordList(lists["life"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block; feelings in a manager's own words are theirs to have and only worth a look."""
        if wording.intent == "are_you_a_bot" and not wording.own_words:
            return passed(self.id)
        if found := self._identity.find(wording.text):
            note = f'Says who or what is writing ("{found}"). We never claim to be human, or not to be.'
            return CheckResult(id=self.id, level=Level.BLOCK, note=note)
        if found := self._life.find(fixed_words(wording)):
            level = Level.WARN if wording.own_words else Level.BLOCK
            return CheckResult(id=self.id, level=level, note=f'Claims to have lived something ("{found}").')
        return passed(self.id)
