"""No reply pings a crowd."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Level, Post, Wording
from responders.voice.words import passed

# Discord: @everyone, @here and <@&role>. Slack-style <!channel> comes along from bridged channels.
_PING = re.compile(r"[@\uff20](?:everyone|here)\b|<@&\d+>|<!(?:channel|here|everyone)(?:\|[^>]*)?>", re.IGNORECASE)


class NoMassPing:
    """Blocks mentions of everyone, of everyone online, and of a role. Always, whoever wrote them."""

    id = "no-mass-ping"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block."""
        if found := _PING.search(wording.text):
            return CheckResult(id=self.id, level=Level.BLOCK, note=f"Pings a crowd ({found.group()}).")
        return passed(self.id)
