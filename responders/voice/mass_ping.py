"""No reply pings a crowd."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import fault, passed

# Discord: @everyone, @here and <@&role>. Slack-style <!channel> comes along from bridged channels.
_PING = re.compile(r"[@\uff20](?:everyone|here)\b|<@&\d+>|<!(?:channel|here|everyone)(?:\|[^>]*)?>", re.IGNORECASE)


class NoMassPing:
    """Mentions of everyone, of everyone online, and of a role, whoever wrote them."""

    id = "no-mass-ping"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block."""
        if found := _PING.search(wording.text):
            return fault(self.id, f"Would ping a crowd ({found.group()}); one person is answered here.")
        return passed(self.id)
