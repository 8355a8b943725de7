"""T1: about them."""

from __future__ import annotations

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.pronouns import Pronouns
from responders.voice.words import passed, warned

_LEAST = 0.5


class ThemShare:
    """Warns when a reply speaks more of us and the brand than of the fan."""

    id = "them-share"

    def __init__(self, pronouns: Pronouns) -> None:
        """Take what counts pronouns."""
        self._pronouns = pronouns

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        share = self._pronouns.them_share(wording.text, context.community)
        if share is None or share >= _LEAST:
            return passed(self.id)
        return warned(self.id, "Speaks more of us than of them.")
