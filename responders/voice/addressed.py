"""P1: addressed to the one who wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, fixed_words, passed, warned


class Addressed:
    """Warns when a reply speaks to a crowd.

    Every reply goes out as the platform's own reply to the post, which says whom it is for; what
    can still go wrong is words for everybody below one person's post.
    """

    id = "addressed"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take crowd.yaml."""
        self._crowd = WordList(lists["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        if found := self._crowd.find(fixed_words(wording)):
            return warned(self.id, f'Speaks to a crowd ("{found}"), one person wrote.')
        return passed(self.id)
