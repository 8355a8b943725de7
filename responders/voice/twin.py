"""No twins: no two replies alike."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import fault, may_repeat, passed

IN_CHANNEL, TO_FAN = 20, 5
"""How many of the last replies count, in a channel and to a fan."""
_ALIKE = 80.0
"""Two replies that are alike by more than this, in percent, read as the same."""


@lru_cache(maxsize=512)  # the channel's replies come again with each wording
def _read(text: str) -> str:
    return default_process(text)


class NotATwin:
    """Blocks a reply that is nearly the same as one of the last 20 in the channel or the last 5 to this fan."""

    id = "not-a-twin"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block a twin, unless the intent has one true answer, which may repeat."""
        if may_repeat(wording):
            return passed(self.id)
        channel = [reply.text for reply in context.past_replies if reply.same_channel and reply.text][:IN_CHANNEL]
        fan = [reply.text for reply in context.past_replies if reply.same_fan and reply.text][:TO_FAN]
        return twin_of(wording.text, {*channel, *fan})


def twin_of(text: str, said: Iterable[str]) -> CheckResult:
    """The verdict on a text, compared with what was said lately."""
    olds = [_read(old) for old in said]
    nearest = process.extractOne(_read(text), olds, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    if nearest is None or nearest[1] <= _ALIKE:
        return passed(NotATwin.id)
    return fault(NotATwin.id, f"Nearly the same as a recent reply here ({nearest[1]:.0f} % alike).")
