"""A crisis is never answered from a template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.understanding.gates import Gate
from responders.voice.words import fault, passed


class CrisisStop:
    """Blocks every template under a post with words of a crisis: a second lock behind the gate."""

    id = "crisis-stop"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take the section `crisis` of gates.yaml."""
        self._gate = Gate(lists)

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block, except for a person's own words: those are the right answer here."""
        if wording.own_words or not self._gate.fires(post.text):
            return passed(self.id)
        return fault(self.id, "The post has words of a crisis: a person answers, in their own words.")
