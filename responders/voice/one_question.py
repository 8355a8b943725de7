"""V1: one question."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import fixed_words, passed, warned

QUESTION = re.compile(r"[?\uff1f]+")


class OneQuestion:
    """Warns of more than one question: two are an interview."""

    id = "one-question"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        asked = len(QUESTION.findall(fixed_words(wording)))
        return warned(self.id, f"Asks {asked} questions; one is enough.") if asked > 1 else passed(self.id)
