"""P2: specific echo (voice.md section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import ContentWords, blocked, may_repeat, passed, warned

_SHORT_POST = 8
"""Words; below it a short answer that names nothing is fine."""
_MUST = frozenset({"ugc_shared", "complaint"})
_NEED_NOT = frozenset({"greeting", "farewell", "introduction", "thanks"})


class SpecificEcho:
    """Holds that a reply to a post of eight words or more takes up one of its words: who listened, names something.

    Blocks for shared work and complaints, warns elsewhere and where the approver is still to name it; small talk and
    true answers need not.
    """

    id = "specific-echo"

    def __init__(self, stop_words: Mapping[str, Any]) -> None:
        """Take stop_words.yaml."""
        self._content = ContentWords(stop_words["words"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block or warn."""
        if wording.intent in _NEED_NOT or may_repeat(wording) or len(post.text.split()) < _SHORT_POST:
            return passed(self.id)
        if self._content.echo(wording.text, wording, post):
            return passed(self.id)
        say = blocked if wording.intent in _MUST and not wording.unfinished else warned
        return say(self.id, "Takes up nothing from the post; it could stand below any.")
