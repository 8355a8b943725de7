"""D3: variety. Its numbers over a channel are in `responders.voice.channel`."""

from __future__ import annotations

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import blocked, may_repeat, passed, warned


class Variety:
    """Blocks a variant that this fan has had before; warns where the true answer may repeat."""

    id = "variety"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block or warn; a manager's own words are no variant."""
        if wording.variant is None or wording.own_words:
            return passed(self.id)
        told = {(reply.template, reply.variant) for reply in context.past_replies if reply.same_fan}
        if (wording.template, wording.variant) not in told:
            return passed(self.id)
        return (warned if may_repeat(wording) else blocked)(self.id, "This fan has had the same wording before.")
