"""R3: exclamation marks."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import GRAVE, blocked, fixed_words, passed, warned

_RUN = re.compile(r"[!\uff01\u00a1\u203c]+")


class Exclaim:
    """Blocks any "!" where somebody complains; elsewhere warns of "!!" and of more than one."""

    id = "exclaim"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn; block for a complaint."""
        runs = _RUN.findall(fixed_words(wording))
        if runs and wording.intent in GRAVE:
            return blocked(self.id, "Has an exclamation mark where somebody complains.")
        if len(runs) > 1 or any(run not in {"!", "\uff01"} for run in runs):
            return warned(self.id, "Exclaims a lot; people rarely use more than one exclamation mark.")
        return passed(self.id)
