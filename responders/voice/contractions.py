"""R2: contractions."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import may_repeat, passed, warned

LONG = 25
"""Words; shorter replies say nothing about it."""
_CONTRACTION = re.compile(
    r"(?<=\w)(?:n['\u2019]t|['\u2019](?:s|m|re|ve|ll|d))\b|\b(?:can|don|won|isn)t\b", re.IGNORECASE
)
_FEWEST = 5
_SHARE = 0.55
_LANGUAGES = frozenset({"en"})


def contracted(text: str) -> bool:
    """True when an English text has a contraction."""
    return _CONTRACTION.search(text) is not None


class Contractions:
    """Warns of a long reply without a contraction when the channel's long replies have few; English only."""

    id = "contractions"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn; judged over the channel's recent replies of 25 words and more, five at least."""
        stiff = len(wording.text.split()) >= LONG and not contracted(wording.text)
        if not stiff or wording.own_words or may_repeat(wording) or context.locale not in _LANGUAGES:
            return passed(self.id)
        recent = [reply.text for reply in context.past_replies if reply.same_channel and reply.text]
        long = [wording.text, *(text for text in recent if len(text.split()) >= LONG)]
        if len(long) < _FEWEST or sum(map(contracted, long)) / len(long) >= _SHARE:
            return passed(self.id)
        return warned(self.id, "Stiff: no contraction here, and few in the other long replies.")
