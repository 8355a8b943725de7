"""S3: a crisis is never answered from a template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.understanding.gates import Gate
from responders.voice.words import passed


class CrisisStop:
    """Blocks any template when the post has words of a crisis: a second lock behind the gate."""

    id = "crisis-stop"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take the section `crisis` of gates.yaml."""
        self._gate = Gate(lists)

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block; a person's own words become a warning (see `examine`)."""
        if self._gate.fires(post.text):
            note = "The post has words of a crisis: a person answers, in their own words."
            return CheckResult(id=self.id, level=Level.BLOCK, note=note)
        return passed(self.id)
