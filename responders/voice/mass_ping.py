"""No reply pings a crowd."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import fault, passed

# Discord: @everyone, @here and <@&role>. <!channel> is Slack's; bridged channels bring it along.
_PING = re.compile(r"[@\uff20](?:everyone|here)\b|<@&\d+>|<!(?:channel|here|everyone)(?:\|[^>]*)?>", re.IGNORECASE)


class NoMassPing:
    """Blocks mentions of everyone, of everyone online and of a role, whoever wrote them."""

    id = "no-mass-ping"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block a ping of a crowd."""
        if found := _PING.search(wording.text):
            return fault(self.id, f"Would ping a crowd ({found.group()}); one person is answered here.")
        return passed(self.id)
