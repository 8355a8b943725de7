"""P3: I over we."""

from __future__ import annotations

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.pronouns import Pronouns
from responders.voice.words import fixed_words, passed, warned


class IOverWe:
    """Warns when a reply says "we" twice and more, and more often than "I": a person writes, not a department."""

    id = "i-over-we"

    def __init__(self, pronouns: Pronouns) -> None:
        """Take what counts pronouns."""
        self._pronouns = pronouns

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        i, we = self._pronouns.i_and_we(fixed_words(wording))
        return warned(self.id, f"Says we {we} times; one person writes this.") if we > max(i, 1) else passed(self.id)
