"""N1: no link."""

from __future__ import annotations

import re

from responders.types import CheckResult, Context, Post, Wording
from responders.understanding.normalise import EMAIL, HANDLE, LINK
from responders.voice.words import blocked, fixed_words, passed

_BARE = re.compile(
    r"\b[\w-]{1,63}\.(?:com|org|net|io|gg|de|eu|app|dev|tv|me|store|shop|game|games)\b(?!\w)", re.IGNORECASE
)
_MAYBE = re.compile(r"[@<]|://|\w\.\w")
"""Without one of these there is no link, and the slower patterns need not look."""
_MENTION_OF_CHANNEL = re.compile(r"<#\d+>")
_ASKED = frozenset({"question", "privacy_request"})
"""Intents that can ask for a link."""


class NoLink:
    """Blocks links, addresses, invites and handles, unless the fan asked and a fact is the link, or it is their own."""

    id = "no-link"

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block; a link in a manager's own words is typed on purpose."""
        if wording.own_words:
            return passed(self.id)
        if not _MAYBE.search(wording.text):
            return passed(self.id)
        asked = wording.answer or wording.intent in _ASKED
        text = fixed_words(wording) if asked else wording.text
        for pattern in (LINK, EMAIL, _BARE, HANDLE):
            for found in pattern.finditer(text):
                if found.group() not in post.text and not _MENTION_OF_CHANNEL.fullmatch(found.group()):
                    return blocked(self.id, f"Has a link or handle that nobody asked for ({found.group()}).")
        return passed(self.id)
