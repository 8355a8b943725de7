"""D2: a fresh opener."""

from __future__ import annotations

from responders.selection.choose import RECENT_OPENERS, opener
from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import passed, warned


class FreshOpener:
    """Warns when one of the channel's last ten replies began with the same two words."""

    id = "fresh-opener"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Warn."""
        ours = opener(wording.text)
        recent = [reply.opener for reply in context.past_replies if reply.same_channel][:RECENT_OPENERS]
        return warned(self.id, f"Begins like a recent reply ({ours}).") if ours and ours in recent else passed(self.id)
