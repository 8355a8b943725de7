"""No uninvited history."""

from __future__ import annotations

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import fault, passed

_HISTORY = "fan.history"


class NoUninvitedHistory:
    """Blocks what we remember of a fan, unless they asked to be remembered and speak to us."""

    id = "no-uninvited-history"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block uninvited history."""
        if not any(source.startswith(_HISTORY) for source in wording.sources):
            return passed(self.id)
        if context.history is None:
            return fault(self.id, "Speaks of earlier times, but the fan has not asked to be remembered.")
        if not context.addressed:
            return fault(self.id, "Speaks of earlier times, but the fan does not speak to us.")
        return passed(self.id)
