"""D1: not a twin."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.words import may_repeat, passed

_IN_CHANNEL, _TO_FAN = 20, 5
_WARN_ABOVE, _BLOCK_ABOVE = 0.65, 0.80


@lru_cache(maxsize=512)  # the channel's replies come again with each wording
def _read(text: str) -> str:
    return default_process(text)


class NotATwin:
    """Holds a reply against the last 20 of the channel and 5 to this fan: warns above 0.65, blocks above 0.8."""

    id = "not-a-twin"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn or block; only warn where the true answer may repeat."""
        channel = [reply.text for reply in context.past_replies if reply.same_channel and reply.text][:_IN_CHANNEL]
        fan = [reply.text for reply in context.past_replies if reply.same_fan and reply.text][:_TO_FAN]
        olds = [_read(old) for old in {*channel, *fan}]
        nearest = process.extractOne(_read(wording.text), olds, scorer=fuzz.ratio, score_cutoff=100 * _WARN_ABOVE)
        highest = nearest[1] / 100 if nearest else 0.0
        if highest <= _WARN_ABOVE:
            return passed(self.id)
        blocks = highest > _BLOCK_ABOVE and not may_repeat(wording)
        note = f"Much like a recent reply ({highest:.0%} the same)."
        return CheckResult(id=self.id, level=Level.BLOCK if blocks else Level.WARN, note=note)
